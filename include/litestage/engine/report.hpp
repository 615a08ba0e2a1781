// What the engine says of a question it has answered: facts only, stage by stage. Turning them into answers, accuracies
// and tables is the work of evaluate/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/outside_text.hpp"

namespace litestage {

// Why a branch stopped generating.
enum class StopReason : std::uint8_t {
  eos,          // the model emitted an end-of-generation token
  stop_string,  // the text reached one of the stage's stop strings
  exit,         // the exit policy said stop_keep or stop_drop
  cap,          // the stage's max_new_tokens were kept
  context       // the K/V cache was full
};

// The names used in results files, in the order of the enumerators.
inline constexpr std::array<std::string_view, 5> stop_reason_names = {"eos", "stop_string", "exit", "cap", "context"};

[[nodiscard]] constexpr std::string_view name(StopReason reason) {
  return stop_reason_names[static_cast<std::size_t>(reason)];
}

struct BranchReport {
  std::string text;         // what later stages see; ends before the stop string
  std::vector<int> tokens;  // what was kept, without the token that stopped the branch
  StopReason stop = StopReason::cap;
  int generated_tokens = 0;  // chosen by the model: the kept ones, and one more where the last was not kept
  std::vector<float> trace;  // [generated_tokens] what StageRunOptions::trace made of each; empty where nobody asked
  friend bool operator==(const BranchReport&, const BranchReport&) = default;
};

// Branches of a stage run together, so counts are sums over them and times are the stage's.
struct StageReport {
  std::string name;
  int prompt_tokens = 0;      // of every branch's whole prompt, also the part that branches share and compute once
  int shared_tokens = 0;      // that part, in one branch
  int generated_tokens = 0;   // chosen by the model, so including a token that only stopped its branch
  int sublayers_skipped = 0;  // distinct sub-layers skipped at least once in the stage
  // Skipped sub-layers per token, mean over the tokens of prompts and answers: what branches share counts once, and
  // what the K/V cache still held counts as if it had been forwarded now.
  double sublayers_skipped_mean = 0;
  double prefill_s = 0;  // ends when the first token's logits are there
  double decode_s = 0;   // covers the other generated - 1 steps
  std::vector<BranchReport> branches;
  friend bool operator==(const StageReport&, const StageReport&) = default;
};

// A stage whose prompt is longer than the context. It does not run, and neither does what comes after it.
struct NoRoom {
  std::string stage;
  std::size_t needed = 0;   // positions: tokens of the longest branch's prompt
  std::size_t context = 0;  // positions there are
  friend bool operator==(const NoRoom&, const NoRoom&) = default;
};

[[nodiscard]] inline std::string sentence(const NoRoom& n) {
  return concat("stage ", shown(n.stage), " needs ", n.needed, " positions, the context has ", n.context);
}

struct QuestionReport {
  std::string id;
  std::vector<StageReport> stages;   // of the whole schedule; those that did not run have a name and nothing else
  std::optional<NoRoom> no_room;     // why the question has no answer; else it was answered
  double seconds = 0;                // wall time of the stages; letter scoring is not in it
  std::vector<float> letter_logits;  // [options], logits of the option letters; empty unless letter scoring was asked
  int positions = 0;                 // of the K/V cache, of the branch that took most; letter scoring included
  friend bool operator==(const QuestionReport&, const QuestionReport&) = default;
};

}  // namespace litestage
