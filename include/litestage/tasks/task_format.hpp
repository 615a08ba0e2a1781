// The form of a data set: where in a record its question, options and right answer are found. A task is such a form,
// read from a JSON file or one of standard_tasks.hpp. docs/tasks.md has the schema with examples.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::tasks {

// A map of texts as an object.
struct TextMapForm {
  using Texts = std::map<std::string, std::string>;
  [[nodiscard]] static Form write(const Texts& texts);
  [[nodiscard]] static Texts read(const Form& form, const Where& where);
};

// The options of a multiple-choice question.
struct OptionsFormat {
  std::string at;                  // pointer to the list of options in a record
  std::string text;                // pointer to the text in an option; empty: an option is its text
  std::string label;               // pointer to the label in an option
  std::string labels_at;           // pointer to a list of the labels in a record, where it is apart
  bool numbered = false;           // whether labels may also be 1, 2, 3, ... instead of A, B, C, ...
  std::vector<std::string> fixed;  // the options of every record, in place of those at `at`
  std::size_t min = 2, max = max_options;

  static constexpr auto fields() {
    using O = OptionsFormat;
    return Fields(Field("at", &O::at, "pointer to the list of options"),
                  Field("text", &O::text, "pointer to the text in an option; empty: the option is its text"),
                  Field("label", &O::label, "pointer to the label in an option; empty: it has none"),
                  Field("labels_at", &O::labels_at, "pointer to a list of labels that is apart from the options"),
                  Field("numbered", &O::numbered, "whether labels may also be 1, 2, 3, ..."),
                  Field("fixed", &O::fixed, "options of every record, in place of those in the record"),
                  Field("min", &O::min, "smallest number of options", 1, max_options),
                  Field("max", &O::max, "largest number of options", 1, max_options));
  }
  [[nodiscard]] bool any() const { return !at.empty() || !fixed.empty(); }
  friend bool operator==(const OptionsFormat&, const OptionsFormat&) = default;
};

// The right answer. A list at `at` has several right answers.
struct GoldFormat {
  std::string at;                             // pointer to it in a record
  std::string after;                          // it stands after the last occurrence of this marker in the text at `at`
  std::map<std::string, std::string> values;  // what records hold -> the answer; empty: they hold the answer
  bool required = true;                       // whether every record has one

  static constexpr auto fields() {
    using G = GoldFormat;
    return Fields(Field("at", &G::at, "pointer to the right answer, or a list of them"),
                  Field("after", &G::after, "marker after whose last occurrence the answer stands"),
                  coded_field<TextMapForm>("values", &G::values, "what records hold, and the answer that it means"),
                  Field("required", &G::required, "whether every record has a right answer"));
  }
  friend bool operator==(const GoldFormat&, const GoldFormat&) = default;
};

struct TaskFormat {
  std::string name;
  AnswerKind kind = AnswerKind::letter;
  std::string id;  // pointer to the question's id; empty: the number of the record, from 1
  std::string question;
  OptionsFormat options;
  GoldFormat gold;
  std::map<std::string, std::string> other_fields;  // names of Question::fields -> pointers to their texts
  bool percent_is_number = false;                   // Question::percent_is_number

  static constexpr auto fields() {
    using T = TaskFormat;
    return Fields(Field("name", &T::name, "name of the task"), Field("kind", &T::kind, "kind of the answers"),
                  Field("id", &T::id, "pointer to the question's id; empty: the number of the record"),
                  Field("question", &T::question, "pointer to the question's text"),
                  Field("options", &T::options, "options of a multiple-choice question"),
                  Field("gold", &T::gold, "the right answer"),
                  coded_field<TextMapForm>("fields", &T::other_fields,
                                           "pointers to other texts, such as a passage, by their names"),
                  Field("percent_is_number", &T::percent_is_number, "whether 50 % is the same answer as 50"));
  }
  // Throws an Error unless the parts fit together.
  void check(const Where& where) const;
  friend bool operator==(const TaskFormat&, const TaskFormat&) = default;
};

// `source`: name of the file.
[[nodiscard]] TaskFormat task_from_form(const Form& form, std::string_view source);
[[nodiscard]] Form to_form(const TaskFormat& task);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/task_format.hpp"
#endif
