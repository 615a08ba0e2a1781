// The finished work of a comparison, and the journal records that it is restored from and appended to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "litestage/compare/outcome.hpp"
#include "litestage/core/error.hpp"
#include "litestage/evaluate/context_use.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::compare {

// A journal record: the outcome or the timing of one method on one question.
struct FinishedRecord {
  static constexpr bool complete = true;
  std::string method, question;
  std::optional<MethodOutcome> outcome{};
  std::optional<MethodTiming> timing{};
  evaluate::ContextUse use{};

  static constexpr auto fields() {
    using R = FinishedRecord;
    return std::tuple(
        Field("method", &R::method, "name of the method"), Field("question", &R::question, "id of the question"),
        Field("outcome", &R::outcome, "result of a batched run").with(Presence::unless_default),
        Field("timing", &R::timing, "times of a run of this question alone").with(Presence::unless_default),
        InlineField(&R::use));
  }
  void check(const Where& where) const {
    if (!outcome && !timing)
      throw Error(concat(where.str(), ": key \"timing\" is missing, expected outcome or timing"));
  }
};

// The outcomes and timings of each method on each question, by their names.
class FinishedWork {
 public:
  // `records`: the records of earlier runs of the same comparison. `append` is called with each new record, and returns
  // when the record is written safely.
  explicit FinishedWork(
      std::span<const Record> records = {}, std::function<void(const Form&)> append = [](const Form&) {},
      evaluate::RecordContexts contexts = {})
      : append_(std::move(append)), contexts_(contexts) {
    for (const Record& record : records) restore(record);
  }

  [[nodiscard]] std::size_t size() const { return outcomes_.size() + timings_.size(); }
  // Number of records that do not hold for this run's context.
  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  [[nodiscard]] const MethodOutcome* outcome(const std::string& method, const std::string& question) const {
    const auto found = outcomes_.find({method, question});
    return found == outcomes_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const MethodTiming* timing(const std::string& method, const std::string& question) const {
    const auto found = timings_.find({method, question});
    return found == timings_.end() ? nullptr : &found->second;
  }
  // An outcome without room is not recorded, because in a larger context the question has an answer.
  void add(const std::string& method, const std::string& question, MethodOutcome outcome,
           const evaluate::ContextUse& use) {
    if (!outcome.no_room)
      append_(write_fields(FinishedRecord{.method = method, .question = question, .outcome = outcome, .use = use}));
    outcomes_.emplace(Key{method, question}, std::move(outcome));
  }
  void add(const std::string& method, const std::string& question, MethodTiming timing,
           const evaluate::ContextUse& use) {
    const MethodOutcome* answered = outcome(method, question);
    if (answered == nullptr || !answered->no_room)
      append_(write_fields(FinishedRecord{.method = method, .question = question, .timing = timing, .use = use}));
    timings_.emplace(Key{method, question}, std::move(timing));
  }

 private:
  using Key = std::pair<std::string, std::string>;  // method, question

  void restore(const Record& form) {
    const auto record = read_fields<FinishedRecord>(form.value, form.where);
    const Key key{record.method, record.question};
    bool is_new = true;
    if (record.outcome) {
      bool& filled = filled_[key];  // applies to a later timing without "positions"
      filled = std::any_of(record.outcome->stages.begin(), record.outcome->stages.end(), filled_context);
      if (leaves_out(form, filled)) return;
      is_new = outcomes_.emplace(key, *record.outcome).second;
    } else {
      if (leaves_out(form, filled_[key])) return;
      is_new = timings_.emplace(key, *record.timing).second;
    }
    if (!is_new)
      throw Error(concat(form.where, ": method ", key.first, " and question ", key.second, " are there before"));
  }
  [[nodiscard]] bool leaves_out(const Record& record, bool filled) {
    if (evaluate::holds(record.value, record.where, filled, contexts_)) return false;
    ++left_out_;
    return true;
  }

  std::map<Key, MethodOutcome> outcomes_;
  std::map<Key, MethodTiming> timings_;
  std::map<Key, bool> filled_;
  std::function<void(const Form&)> append_;
  evaluate::RecordContexts contexts_;
  std::size_t left_out_ = 0;
};

}  // namespace litestage::compare
