// The engine's report about one question: facts only, stage by stage. evaluate/ computes answers, accuracies and tables
// from it. fields() defines the keys and ranges of the members in files.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"

namespace litestage {

// Why a branch stopped generating.
enum class StopReason : std::uint8_t {
  eos,          // the model emitted an end-of-generation token
  stop_string,  // the text reached one of the stage's stop strings
  exit,         // the exit policy said stop_keep or stop_drop
  cap,          // the branch reached the stage's max_new_tokens
  context       // the K/V cache was full
};
template <>
struct EnumNames<StopReason> {
  static constexpr std::array<std::string_view, 5> names = {"eos", "stop_string", "exit", "cap", "context"};
};

inline constexpr double largest_count = std::numeric_limits<int>::max();  // limit for counts in files

// What an exit policy read ahead in a branch. It is not part of the branch's text.
struct LookAheadReport {
  static constexpr bool complete = true;
  int at = 0;               // tokens that the branch had chosen
  int text_tokens = 0;      // tokens of the text that was appended
  std::vector<int> tokens;  // the tokens read

  static constexpr auto fields() {
    using L = LookAheadReport;
    return Fields(Field("at", &L::at, "number of tokens that the branch had chosen", 0, largest_count),
                  Field("text_tokens", &L::text_tokens, "tokens of the text that was appended", 0, largest_count),
                  Field("tokens", &L::tokens, "the tokens read", 0, largest_count));
  }
  friend bool operator==(const LookAheadReport&, const LookAheadReport&) = default;
};

struct BranchReport {
  static constexpr bool complete = true;
  std::string text;         // the text that later stages see; ends before the stop string
  std::vector<int> tokens;  // the tokens of the text, without the token that stopped the branch; injected ones included
  StopReason stop = StopReason::cap;
  int generated_tokens = 0;  // tokens chosen by the model: the kept ones, and one more if the last was not kept
  std::vector<float> trace;  // [generated_tokens] values of StageRunOptions::trace; empty without one
  int injected_tokens = 0;   // tokens that the exit policy put into the text
  int injected_at = 0;       // tokens that the branch had chosen before that
  std::vector<LookAheadReport> look_aheads = {};

  // The number of tokens of the answer that were forwarded: all but the last one chosen, which also ends the branch,
  // and an injected text after which the model wrote something.
  [[nodiscard]] int forwarded_tokens() const {
    return std::max(generated_tokens - 1, 0) + (generated_tokens > injected_at ? injected_tokens : 0);
  }

  static constexpr auto fields() {
    using B = BranchReport;
    return Fields(
        Field("text", &B::text, "the text that later stages see"),
        Field("tokens", &B::tokens, "the kept tokens", 0, largest_count),
        Field("stop", &B::stop, "why the branch stopped generating"),
        Field("generated_tokens", &B::generated_tokens, "number of tokens chosen by the model", 0, largest_count)
            .with(Presence::missing_in_older),
        Field("trace", &B::trace, "a number for each generated token").with(Presence::unless_default),
        Field("injected_tokens", &B::injected_tokens, "tokens that the exit policy put into the text", 0, largest_count)
            .with(Presence::unless_default),
        Field("injected_at", &B::injected_at, "tokens that the branch had chosen before that", 0, largest_count)
            .with(Presence::unless_default),
        Field("look_aheads", &B::look_aheads, "what the exit policy read ahead").with(Presence::unless_default));
  }
  void fill_older(const Form& form) {
    if (form.find("generated_tokens") == nullptr) generated_tokens = static_cast<int>(tokens.size());
  }
  friend bool operator==(const BranchReport&, const BranchReport&) = default;
};

// The counts of a stage: int for one run, double for means over runs. Counts are sums over the branches of the stage,
// which run together.
template <class Count>
struct StageCounts {
  static constexpr bool complete = true;
  std::string name;
  Count prompt_tokens = 0;      // sum over all branches of their whole prompts, shared part included
  Count shared_tokens = 0;      // tokens of the shared part, counted for one branch
  Count generated_tokens = 0;   // chosen by the model, including a token that only stopped its branch
  Count sublayers_skipped = 0;  // distinct sub-layers skipped at least once in the stage
  // Skipped sub-layers per token, mean over the tokens of prompts and answers. Tokens that branches share count once,
  // and tokens reused from the K/V cache count as if they were forwarded.
  double sublayers_skipped_mean = 0;
  Count look_ahead_tokens = 0;       // chosen by the model in look-aheads, and discarded; not among the generated ones
  Count look_ahead_text_tokens = 0;  // of the texts that look-aheads appended
  Count injected_tokens = 0;         // put into the texts by the exit policy; not among the generated ones

  // All tokens that the model chose: what methods are compared by at equal tokens.
  [[nodiscard]] Count chosen_tokens() const { return generated_tokens + look_ahead_tokens; }

  static constexpr auto fields() {
    using S = StageCounts;
    return Fields(
        Field("name", &S::name, "name of the stage"),
        Field("prompt_tokens", &S::prompt_tokens, "tokens of the whole prompts of all branches", 0, largest_count),
        Field("shared_tokens", &S::shared_tokens, "tokens of the part that all prompts share", 0, largest_count),
        Field("generated_tokens", &S::generated_tokens, "number of tokens chosen by the model", 0, largest_count),
        Field("sublayers_skipped", &S::sublayers_skipped, "number of different sub-layers skipped", 0, largest_count),
        Field("sublayers_skipped_mean", &S::sublayers_skipped_mean,
              "skipped sub-layers per token, mean over the tokens", 0),
        Field("look_ahead_tokens", &S::look_ahead_tokens, "tokens chosen in look-aheads of the exit policy", 0,
              largest_count)
            .with(Presence::unless_default),
        Field("look_ahead_text_tokens", &S::look_ahead_text_tokens, "tokens that look-aheads appended", 0,
              largest_count)
            .with(Presence::unless_default),
        Field("injected_tokens", &S::injected_tokens, "tokens that the exit policy put into the texts", 0,
              largest_count)
            .with(Presence::unless_default));
  }
  friend bool operator==(const StageCounts&, const StageCounts&) = default;
};

struct StageTimes {
  static constexpr bool complete = true;
  double prefill_s = 0;  // ends when the logits of the first token are available
  double decode_s = 0;   // time of the steps after it
  // The part of decode_s that look-aheads took. A step counts in proportion to the rows that it has of look-aheads, so
  // this is not what a run without them would save: the rows of a look-ahead's text are cheaper than a step of their
  // own.
  double look_ahead_s = 0;

  static constexpr auto fields() {
    return Fields(Field("prefill_s", &StageTimes::prefill_s, "seconds until the first token's logits", 0),
                  Field("decode_s", &StageTimes::decode_s, "seconds of the steps after the first token", 0),
                  Field("look_ahead_s", &StageTimes::look_ahead_s, "seconds of these that look-aheads took", 0)
                      .with(Presence::unless_default));
  }
  friend bool operator==(const StageTimes&, const StageTimes&) = default;
};

// The full record of one run of a stage. Files that keep only a part of it have structs with the same parts
// (compare/outcome.hpp, compare/comparison.hpp, evaluate/summary.hpp).
struct StageReport : StageCounts<int>, StageTimes {
  static constexpr bool complete = true;
  std::vector<BranchReport> branches;

  static constexpr auto fields() {
    return StageCounts<int>::fields() + StageTimes::fields() +
           Fields(Field("branches", &StageReport::branches, "reports of the branches, in the order of their prompts"));
  }
  friend bool operator==(const StageReport&, const StageReport&) = default;
};

// Reports a stage whose prompt is longer than the context. Neither this stage nor any later one runs.
struct NoRoom {
  static constexpr bool complete = true;
  std::string stage;
  std::size_t needed = 0;   // positions: tokens of the longest prompt of the stage's branches
  std::size_t context = 0;  // positions available

  static constexpr auto fields() {
    return Fields(Field("stage", &NoRoom::stage, "name of the stage"),
                  Field("needed", &NoRoom::needed, "positions that the prompt of the stage takes", 0, largest_count),
                  Field("context", &NoRoom::context, "positions of the context", 0, largest_count));
  }
  friend bool operator==(const NoRoom&, const NoRoom&) = default;
};

[[nodiscard]] inline std::string sentence(const NoRoom& n) {
  return concat("stage ", shown(n.stage), " needs ", n.needed, " positions, the context has ", n.context);
}

struct QuestionReport {
  std::string id;
  std::vector<StageReport> stages;   // all stages of the schedule; those that did not run have only a name
  std::optional<NoRoom> no_room;     // why the question has no answer, if it has none
  double seconds = 0;                // wall time of the stages, without letter scoring
  std::vector<float> letter_logits;  // [options] logits of the option letters; empty without letter scoring
  int positions = 0;                 // K/V positions of the branch that used most, letter scoring included
  friend bool operator==(const QuestionReport&, const QuestionReport&) = default;
};

}  // namespace litestage
