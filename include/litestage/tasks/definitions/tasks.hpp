// Converts records to questions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"
#include "litestage/tasks/answer_kinds.hpp"
#include "litestage/tasks/json_pointer.hpp"
#include "litestage/tasks/tasks.hpp"

namespace litestage::tasks {

namespace detail {

// A required text of a question.
[[nodiscard]] inline std::string needed_text(const Form& value, const std::string& what) {
  std::string text(trimmed_ascii(value.string(what)));
  if (text.empty()) throw Error(concat(what, " is empty, expected a text"));
  return text;
}

// A string, number, true or false as a text.
[[nodiscard]] inline std::string scalar_text(const Form& value, const std::string& what) {
  if (value.is<bool>()) return value.boolean(what) ? "true" : "false";
  if (value.is<std::int64_t>()) return number_text(value.integer(what));
  if (value.is<double>()) return number_text(value.number(what));
  return std::string(trimmed_ascii(value.string(what)));
}

class QuestionReader {
 public:
  // The arguments outlive this object.
  QuestionReader(const TaskFormat& task, const Form& record, std::string_view where)
      : task_(&task), record_(&record), where_(where) {}

  [[nodiscard]] Question read(std::size_t number) {
    static_cast<void>(record_->map(where_));  // throws an Error if the record is no object
    Question q;
    q.kind = task_->kind;
    q.percent_is_number = task_->percent_is_number;
    q.id = task_->id.empty() ? std::to_string(number) : text_at(task_->id);
    q.stem = text_at(task_->question);
    q.options = options();
    read_gold(q);
    for (const auto& [key, pointer] : task_->other_fields) q.fields[key] = text_at(pointer);
    return q;
  }

 private:
  [[nodiscard]] std::string text_at(const std::string& pointer) const {
    return needed_text(value_at(*record_, pointer, where_), place_text(where_, pointer));
  }

  [[nodiscard]] std::vector<std::string> options() {
    const OptionsFormat& format = task_->options;
    if (!format.any()) return {};
    if (!format.fixed.empty()) {
      for (std::size_t i = 0; i < format.fixed.size(); ++i) labels_.emplace_back(1, option_letter(i));
      return format.fixed;
    }
    const std::string what = place_text(where_, format.at);
    const Form::List& choices = value_at(*record_, format.at, where_).list(what);
    const std::size_t low = format.min, high = format.max;
    if (choices.size() < low || choices.size() > high) {
      throw Error(concat(what, " has ", choices.size(), " options, expected ", low,
                         low == high ? std::string() : concat(" to ", high), " for task ", task_->name));
    }
    std::vector<std::string> options;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      const std::string at = concat(what, "[", i, "]");
      add_label(choices[i], at, i, choices.size());
      options.push_back(needed_text(value_at(choices[i], format.text, at), inner(at, format.text)));
    }
    return options;
  }

  // "question.choices[0].text"
  [[nodiscard]] static std::string inner(const std::string& at, std::string_view pointer) {
    std::string path;
    for (const std::string& key : pointer_keys(pointer)) path += "." + shown(key);
    return at + path;
  }

  // Checks the label of option i.
  void add_label(const Form& choice, const std::string& at, std::size_t i, std::size_t n) {
    const OptionsFormat& format = task_->options;
    const char letter = option_letter(i);
    const std::string number = std::to_string(i + 1);
    if (format.labels_at.empty() && format.label.empty()) {
      labels_.emplace_back(1, letter);
      return;
    }
    std::string what = inner(at, format.label);
    const Form* value = nullptr;
    if (format.labels_at.empty()) {
      value = &value_at(choice, format.label, at);
    } else {
      what = place_text(where_, format.labels_at);
      const Form::List& list = value_at(*record_, format.labels_at, where_).list(what);
      if (list.size() != n) throw Error(concat(what, " has ", list.size(), " labels, expected ", n));
      what += concat("[", i, "]");
      value = &list[i];
    }
    const std::string label = format.numbered ? scalar_text(*value, what) : value->string(what);
    const bool numbers = format.numbered && (i == 0 ? label == "1" : labels_[0] == "1");
    const std::string expected = numbers ? number : std::string(1, letter);
    if (label != expected) {
      const bool either = format.numbered && i == 0;
      throw Error(concat(what, " is ", in_quotes(label), ", expected ", in_quotes(expected), either ? " or \"1\"" : "",
                         ": labels run from ",
                         either    ? "A or 1"
                         : numbers ? "1"
                                   : "A",
                         " in order"));
    }
    labels_.push_back(label);
  }

  void read_gold(Question& q) const {
    const GoldFormat& format = task_->gold;
    if (format.at.empty()) return;
    const Form* value = find_at(*record_, format.at);
    if (!format.required && (value == nullptr || value->is_null())) return;
    const std::string what = place_text(where_, format.at);
    value = &value_at(*record_, format.at, where_);
    if (!value->is_list()) return add_gold(q, *value, what);
    const Form::List& list = value->list(what);
    if (list.empty() && format.required) throw Error(concat(what, " is empty, expected at least one right answer"));
    for (std::size_t i = 0; i < list.size(); ++i) add_gold(q, list[i], concat(what, "[", i, "]"));
  }
  // Adds a right answer. Of several that mean the same, the first counts.
  void add_gold(Question& q, const Form& value, const std::string& what) const {
    const std::string text = gold_text(value, what);
    const Answer answer = answer_of(text, what, q.options.size());
    if (std::find(q.gold.begin(), q.gold.end(), answer) != q.gold.end()) return;
    q.gold.push_back(answer);
    if (task_->kind == AnswerKind::text) q.gold_as_written.push_back(text);
  }

  [[nodiscard]] std::string gold_text(const Form& value, const std::string& what) const {
    const GoldFormat& format = task_->gold;
    const bool key = task_->kind == AnswerKind::letter && format.values.empty() && !task_->options.numbered;
    std::string text = key ? value.string(what) : scalar_text(value, what);
    if (!format.after.empty()) {
      const std::size_t marker = text.rfind(format.after);
      if (marker == std::string::npos)
        throw Error(concat(what, " has no ", in_quotes(format.after), ", expected the answer after one"));
      text = trimmed_ascii(std::string_view(text).substr(marker + format.after.size()));
    }
    return format.values.empty() ? text : mapped(text, what);
  }
  [[nodiscard]] Answer answer_of(const std::string& text, const std::string& what, std::size_t n_options) const {
    if (task_->kind == AnswerKind::letter) return letter_of(text, what, n_options);
    const std::optional<Answer> answer = canonical_answer(task_->kind, text, task_->percent_is_number);
    if (!answer) throw Error(concat(what, " is ", in_quotes(text), ", expected ", expected_answer(task_->kind)));
    return *answer;
  }

  // The answer that a value of the record means.
  [[nodiscard]] std::string mapped(const std::string& text, const std::string& what) const {
    const auto& values = task_->gold.values;
    const auto found = values.find(text);
    if (found != values.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& [value, answer] : values) known.push_back(value);
    throw Error(concat(what, " is ", in_quotes(text), ", expected ", joined(known, " or ")));
  }

  // The letter of the option with this label.
  [[nodiscard]] Answer letter_of(const std::string& label, const std::string& what, std::size_t n_options) const {
    const bool mapped = !task_->gold.values.empty();  // to the letters of options, whatever their labels
    for (std::size_t i = 0; i < n_options; ++i) {
      if (label == (mapped ? std::string(1, option_letter(i)) : labels_[i])) return letter_answer(static_cast<int>(i));
    }
    throw Error(concat(what, " is ", in_quotes(label), ", expected ", in_quotes(labels_.front()), " to ",
                       in_quotes(labels_.back())));
  }

  const TaskFormat* task_;
  const Form* record_;
  std::string where_;
  std::vector<std::string> labels_;  // [options]
};

}  // namespace detail

LITESTAGE_INLINE Question parse_question(const TaskFormat& task, const Form& record, std::string_view where,
                                         std::size_t number) {
  return detail::QuestionReader(task, record, where).read(number);
}

LITESTAGE_INLINE std::vector<Question> parse_questions(const TaskFormat& task, std::span<const Record> records) {
  std::vector<Question> questions;
  questions.reserve(records.size());
  std::unordered_map<std::string, std::string> where_of;  // id -> place of the record
  for (const Record& record : records) {
    Question q = parse_question(task, record.value, record.where, questions.size() + 1);
    const auto added = where_of.emplace(q.id, record.where);
    if (!added.second) {
      throw Error(concat(record.where, ": id ", in_quotes(q.id), " occurs at ", added.first->second, " already"));
    }
    questions.push_back(std::move(q));
  }
  return questions;
}

}  // namespace litestage::tasks
