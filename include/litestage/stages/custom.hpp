// A schedule of any shape, written as data: any number of stages, each with its texts, its limits and its branches.
// The schedules of this library that state answers are made of it (examples/data/stages has them as files), and
// --stages @FILE reads one's own. docs/stages.md explains every key.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/stages/custom_stage.hpp"

namespace litestage::stages {

// A placeholder whose value is one line per branch of a stage.
struct BranchJoin {
  std::string name = {};
  std::string of = {};         // name of the stage
  std::string line = {};       // one branch's part; it may use the branch's own output and option
  std::string between = "\n";  // stands between the parts, as it is

  static constexpr auto fields() {
    using J = BranchJoin;
    return Fields(Field("name", &J::name, "name of the placeholder"),
                  Field("of", &J::of, "name of the stage whose branches are joined"),
                  Field("line", &J::line, "what is written for one branch, with placeholders"),
                  Field("between", &J::between, "what stands between branches"));
  }
  friend bool operator==(const BranchJoin&, const BranchJoin&) = default;
};

// A placeholder whose text depends on whether the question has options.
struct TextVariant {
  std::string name = {};
  std::string with_options = {};
  std::string without_options = {};

  static constexpr auto fields() {
    using V = TextVariant;
    return Fields(
        Field("name", &V::name, "name of the placeholder"),
        Field("with_options", &V::with_options, "its text for a question with options, with placeholders"),
        Field("without_options", &V::without_options, "its text for a question without options, with placeholders"));
  }
  friend bool operator==(const TextVariant&, const TextVariant&) = default;
};

struct AnswerSettings : AnswerFormat {
  static constexpr auto fields() {
    using A = AnswerFormat;
    return Fields(Field("rule", &A::rule, "how an option letter is read from the last stage's text"),
                  Field("probe", &A::probe, "what is appended to the last prompt where option letters are scored"),
                  Field("letter_prefix", &A::letter_prefix, "what stands before the letter that is scored"),
                  Field("opening", &A::opening, "the end of the last prompt whose sentence the model completes"),
                  Field("after", &A::after, "words after which an answer that is no letter stands; empty: anywhere"),
                  Field("take", &A::take, "which of several such answers counts"),
                  Field("vote", &A::vote, "what the answer of a branch weighs where the last stage has several"));
  }
  friend bool operator==(const AnswerSettings&, const AnswerSettings&) = default;
};

struct Custom {
  static constexpr std::string_view name = "custom";
  static constexpr std::string_view summary = "a schedule of your own, from a JSON file (docs/stages.md)";

  std::vector<CustomStage> stages = {};
  std::vector<BranchJoin> joins = {};
  std::vector<TextVariant> variants = {};
  AnswerSettings answer = {};

  [[nodiscard]] std::size_t size() const { return stages.size(); }
  [[nodiscard]] StageInfo stage(std::size_t i) const;
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const;
  [[nodiscard]] AnswerFormat answer_format() const { return answer; }

  // The largest number of branches that a stage has for this question.
  [[nodiscard]] std::size_t branches(const Question& question) const;
  // Throws Error if the question lacks options or fields that a text needs.
  void check_question(const Question& question) const;
  // Throws Error if the stages do not fit together or a text has an unknown placeholder.
  void check(const Where& where) const;

  static constexpr auto fields() {
    return Fields(Field("stages", &Custom::stages, "the stages, in their order"),
                  Field("joins", &Custom::joins, "placeholders that join the branches of a stage"),
                  Field("variants", &Custom::variants, "placeholders for questions with and without options"),
                  Field("answer", &Custom::answer, "how the last stage states the answer"));
  }
  friend bool operator==(const Custom&, const Custom&) = default;
};

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/custom.hpp"
#endif
