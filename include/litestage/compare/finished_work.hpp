// The finished work of a comparison, and the journal records that it is restored from and appended to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/compare/method.hpp"
#include "litestage/compare/outcome.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/evaluate/context_use.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/form_fingerprint.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::compare {

// A journal record: the outcome or the timing of one method on one question.
struct FinishedRecord {
  static constexpr bool complete = true;
  std::string method, question;
  std::string policies = {};  // form_fingerprint of the method's policies; empty if they are not known as a Form
  std::string turns = {};     // of a timing: the methods that took turns on the question (FinishedWork::turns)
  std::optional<MethodOutcome> outcome{};
  std::optional<MethodTiming> timing{};
  evaluate::ContextUse use{};

  static constexpr auto fields() {
    using R = FinishedRecord;
    return Fields(
        Field("method", &R::method, "name of the method"), Field("question", &R::question, "id of the question"),
        Field("policies", &R::policies, "fingerprint of the method's policies").with(Presence::unless_default),
        Field("turns", &R::turns, "fingerprint of the methods that took turns").with(Presence::unless_default),
        Field("outcome", &R::outcome, "result of a batched run").with(Presence::unless_default),
        Field("timing", &R::timing, "times of a run of this question alone").with(Presence::unless_default),
        InlineField(&R::use));
  }
  void check(const Where& where) const {
    if (!outcome && !timing)
      throw Error(concat(where.str(), ": key \"timing\" is missing, expected outcome or timing"));
  }
};

// The outcomes and timings of methods on questions. A method is found by its policies, or by its name if these are not
// known as a Form: outcomes also hold in a comparison of other methods. Timings hold only for the same set of methods,
// because these take turns, so that a machine that slows down does so for all.
class FinishedWork {
 public:
  // `records`: the records of earlier runs on the same questions. `append` is called with each new record, and returns
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
  [[nodiscard]] const MethodOutcome* outcome(const Method& method, const std::string& question) const {
    const auto found = outcomes_.find(key_of(record_of(method, question)));
    return found == outcomes_.end() ? nullptr : &found->second;
  }
  // `turns`: of the methods that are timed together.
  [[nodiscard]] const MethodTiming* timing(const Method& method, const std::string& question,
                                           const std::string& turns) const {
    const auto found = timings_.find({turns, key_of(record_of(method, question))});
    return found == timings_.end() ? nullptr : &found->second;
  }
  // An outcome without room is not recorded, because in a larger context the question has an answer.
  void add(const Method& method, const std::string& question, MethodOutcome outcome, const evaluate::ContextUse& use) {
    FinishedRecord record = record_of(method, question, use);
    record.outcome = std::move(outcome);
    if (!record.outcome->no_room) append_(write_fields(record));
    outcomes_.emplace(key_of(record), std::move(*record.outcome));
  }
  void add(const Method& method, const std::string& question, const std::string& turns, MethodTiming timing,
           const evaluate::ContextUse& use) {
    const MethodOutcome* answered = outcome(method, question);
    FinishedRecord record = record_of(method, question, use);
    record.turns = turns;
    record.timing = std::move(timing);
    if (answered == nullptr || !answered->no_room) append_(write_fields(record));
    timings_.emplace(std::pair(turns, key_of(record)), std::move(*record.timing));
  }
  // The fingerprint of methods that are timed together.
  [[nodiscard]] static std::string turns(const std::vector<const Method*>& methods) {
    Fnv1a hash;
    for (const Method* m : methods) hash.add_whole(key_of(record_of(*m, {})).first);
    return hexadecimal(hash.value());
  }

 private:
  using Key = std::pair<std::string, std::string>;  // policies or name of the method, question

  [[nodiscard]] static Key key_of(const FinishedRecord& record) {
    return {record.policies.empty() ? record.method : record.policies, record.question};
  }
  // A record without a result.
  [[nodiscard]] static FinishedRecord record_of(const Method& method, const std::string& question,
                                                const evaluate::ContextUse& use = {}) {
    const bool known = !method.policies.is_null();
    return {.method = method.name,
            .question = question,
            .policies = known ? form_fingerprint(method.policies) : std::string(),
            .use = use};
  }

  void restore(const Record& form) {
    const auto record = read_fields<FinishedRecord>(form.value, form.where);
    const Key key = key_of(record);
    bool is_new = true;
    if (record.outcome) {
      bool& filled = filled_[key];  // applies to a later timing without "positions"
      filled = std::any_of(record.outcome->stages.begin(), record.outcome->stages.end(), filled_context);
      if (leaves_out(form, filled)) return;
      is_new = outcomes_.emplace(key, *record.outcome).second;
    } else {
      if (leaves_out(form, filled_[key])) return;
      is_new = timings_.emplace(std::pair(record.turns, key), *record.timing).second;
    }
    if (!is_new)
      throw Error(concat(form.where, ": method ", record.method, " and question ", key.second, " are there before"));
  }
  [[nodiscard]] bool leaves_out(const Record& record, bool filled) {
    if (evaluate::holds(record.value, record.where, filled, contexts_)) return false;
    ++left_out_;
    return true;
  }

  std::map<Key, MethodOutcome> outcomes_;
  std::map<std::pair<std::string, Key>, MethodTiming> timings_;  // by the methods that took turns
  std::map<Key, bool> filled_;
  std::function<void(const Form&)> append_;
  evaluate::RecordContexts contexts_;
  std::size_t left_out_ = 0;
};

}  // namespace litestage::compare
