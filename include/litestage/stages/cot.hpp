// Chain of thought: one stage of reasoning, then a statement of the answer with forced words, or the statement as the
// end of the reasoning itself. The same schedule as data: examples/data/stages/cot.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

struct Custom;

// After "step by step" prompting (arXiv 2205.11916), which also asks for the answer in a second prompt. All but the
// reasoning is that of PlanSolve, so that a comparison of the two sees only the stages. Texts and caps are ours.
struct Cot {
  static constexpr std::string_view name = "cot";
  static constexpr std::string_view summary = "one stage of reasoning, then the answer, with or without options";

  std::string system = reasoning_system;  // may be empty
  int reason_tokens = 320;
  bool state = true;  // false: one stage, whose text should end in the answer
  int state_tokens = 16;
  int samples = 1;  // above 1: so many sampled reasonings, each with its own answer (self-consistency)
  double temperature = 0.7;
  std::uint64_t seed = 0;

  [[nodiscard]] Custom schedule() const;

  [[nodiscard]] std::size_t size() const { return state ? 2 : 1; }
  [[nodiscard]] StageInfo stage(std::size_t i) const;
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const;
  [[nodiscard]] AnswerFormat answer_format() const;
  [[nodiscard]] std::size_t branches(const Question& question) const;
  void check_question(const Question& question) const;

  void check(const Where& where) const;

  static constexpr auto fields() {
    return Fields(Field("system", &Cot::system, "system message; empty for none"),
                  Field("reason_tokens", &Cot::reason_tokens, "largest number of tokens of reason", 1, 1'000'000),
                  Field("state", &Cot::state, "whether a second stage states the answer"),
                  Field("state_tokens", &Cot::state_tokens, "largest number of tokens of state", 1, 1'000'000),
                  Field("samples", &Cot::samples, "number of sampled reasonings; 1: one, as the run says", 1, 1024),
                  Field("temperature", &Cot::temperature, "temperature of samples, above 0", 0, 100),
                  Field("seed", &Cot::seed, "of samples, added to the seed of the run", 0, 9007199254740992.0));
  }
  friend bool operator==(const Cot&, const Cot&) = default;
};

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/cot.hpp"
#endif
