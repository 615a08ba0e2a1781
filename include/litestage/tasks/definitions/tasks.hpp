// Converts records to questions.
#pragma once

#include <array>
#include <cstddef>
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
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"
#include "litestage/tasks/tasks.hpp"

namespace litestage::tasks {

namespace detail {

// A required text of a question.
[[nodiscard]] inline std::string needed_text(const Form& value, const std::string& what) {
  std::string text(trimmed_ascii(value.string(what)));
  if (text.empty()) throw Error(concat(what, " is empty, expected a text"));
  return text;
}

[[nodiscard]] inline std::vector<std::string> parse_choices(const Task& task, const Form& value,
                                                            const std::string& what) {
  const Form::List& choices = value.list(what);
  const std::size_t low = task.min_options, high = task.max_options;
  if (choices.size() < low || choices.size() > high) {
    throw Error(concat(what, " has ", choices.size(), " options, expected ", low,
                       low == high ? std::string() : concat(" to ", high), " for task ", task.name));
  }
  std::vector<std::string> options;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const std::string at = concat(what, "[", i, "]");
    const std::string& label = choices[i].at("label", at).string(at + ".label");
    const char expected = option_letter(i);
    if (label.size() != 1 || label[0] != expected) {
      throw Error(
          concat(at, ".label is ", in_quotes(label), ", expected \"", expected, "\": labels run from A in order"));
    }
    options.push_back(needed_text(choices[i].at("text", at), at + ".text"));
  }
  return options;
}

}  // namespace detail

LITESTAGE_INLINE int parse_answer_key(const Form& value, std::size_t n_options, const std::string& what) {
  const std::string& key = value.string(what);
  const int option = key.size() == 1 ? key[0] - 'A' : -1;
  if (option < 0 || option >= static_cast<int>(n_options)) {
    throw Error(concat(what, " is ", in_quotes(key), ", expected \"A\" to \"", option_letter(n_options - 1), "\""));
  }
  return option;
}

LITESTAGE_INLINE Question parse_choice_question(const Task& task, const Form& record, std::string_view where) {
  const std::string at(where);
  Question q;
  q.id = detail::needed_text(record.at("id", at), at + ": id");
  const Form& question = record.at("question", at);
  q.stem = detail::needed_text(question.at("stem", at + ": question"), at + ": question.stem");
  q.options = detail::parse_choices(task, question.at("choices", at + ": question"), at + ": question.choices");
  const Form* key = task.gold_required ? &record.at("answerKey", at) : record.find("answerKey");
  if (key != nullptr) q.gold = {letter_answer(parse_answer_key(*key, q.options.size(), at + ": answerKey"))};
  return q;
}

LITESTAGE_INLINE Question parse_yes_no_question(const Task&, const Form& record, std::string_view where) {
  const std::string at(where);
  Question q;
  q.id = detail::needed_text(record.at("qid", at), at + ": qid");
  q.stem = detail::needed_text(record.at("question", at), at + ": question");
  q.options = {"yes", "no"};
  q.gold = {letter_answer(record.at("answer", at).boolean(at + ": answer") ? 0 : 1)};
  return q;
}

LITESTAGE_INLINE const Task& find_task(std::string_view name) {
  for (const Task& task : tasks) {
    if (task.name == name) return task;
  }
  std::string names;
  for (const Task& task : tasks) names += concat(names.empty() ? "" : ", ", task.name);
  throw Error(concat("task ", in_quotes(name), " is unknown, expected ", names));
}

LITESTAGE_INLINE std::vector<Question> parse_questions(const Task& task, std::span<const Record> records) {
  std::vector<Question> questions;
  questions.reserve(records.size());
  std::unordered_map<std::string, std::string> where_of;  // id -> place of the record
  for (const Record& record : records) {
    Question q = task.parse(task, record.value, record.where);
    const auto added = where_of.emplace(q.id, record.where);
    if (!added.second) {
      throw Error(concat(record.where, ": id ", in_quotes(q.id), " occurs at ", added.first->second, " already"));
    }
    questions.push_back(std::move(q));
  }
  return questions;
}

}  // namespace litestage::tasks
