// The trial cache: the result of each stage that was generated, by everything that its text depends on.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "litestage/calibrate/latency/latency_model.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/engine/stage_request.hpp"

namespace litestage::calibrate {

// On `cpu` and `reference` equal keys mean equal texts, to the bit, whatever else was in the batch.
struct StageKey {
  std::size_t question = 0;  // index in the list of questions
  // Index in the schedule; the number of stages stands for the option letters that are scored after the last stage, and
  // one more for the right answers.
  std::size_t stage = 0;
  std::string decisions;     // of the policies in this stage; equal spelling means equal decisions
  std::uint64_t before = 0;  // hash of the texts of the earlier stages
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the 0 of the defaulted comparison for a null pointer.
  friend auto operator<=>(const StageKey&, const StageKey&) = default;
};

// Hashes the texts and their lengths. Among the few hundred texts of one (question, stage, decisions), two share a hash
// with a probability of about 1e-14.
[[nodiscard]] inline std::uint64_t hash_of(const std::vector<std::vector<std::string>>& outputs) {
  Fnv1a hash;
  for (const std::vector<std::string>& branches : outputs) {
    hash.add(concat(branches.size(), ":"));
    for (const std::string& text : branches) hash.add_whole(text);
  }
  return hash.value();
}

struct StageResult {
  StageReport report;                // times are those of the batch it ran in
  std::vector<float> letter_logits;  // [options] of the step that scores the option letters, whose report is empty
  std::vector<float> gold_scores;    // [gold answers] mean log-probabilities, of the step that scores the right answers
  int positions = 0;                 // K/V cache positions of the longest branch; 0 if a journal does not give it
};

// Prompt shape: what the latency model needs to know about the prompts of a stage.
struct PromptShape {
  std::vector<int> first;    // tokens of the first branch
  std::vector<int> lengths;  // [branches] tokens
  int shared = 0;            // leading tokens that all branches share

  PromptShape() = default;
  explicit PromptShape(const StageRequest& request)
      : first(request.prompts.at(0)), shared(static_cast<int>(shared_prefix(request.prompts))) {
    for (const std::vector<int>& p : request.prompts) lengths.push_back(static_cast<int>(p.size()));
  }
};

// One step of a path, that is of the stages that a question goes through.
struct PathStep {
  const StageResult* result = nullptr;
  const PromptShape* prompts = nullptr;  // null for a stage that did not run, and for the scoring
};
using Path = std::vector<PathStep>;  // [stages], then what is scored after them, if anything is

// The part of a stage whose decisions agree with those under which the stage before it was computed: nothing, its
// prompt, or its prompt and answer.
enum class Reuse : std::uint8_t { none, prompt, prompt_and_answer };

// The number of leading prompt tokens that the K/V cache still holds after `before` ran at batch 1. A slot keeps the
// tokens of the first branch, and a prefix that branches share is looked up in the slot of the first branch
// (engine/run/stage_run.hpp).
[[nodiscard]] inline int reused_tokens(const PathStep& stage, const PathStep& before, Reuse reusable) {
  if (reusable == Reuse::none) return 0;
  std::vector<int> held = before.prompts->first;
  if (reusable == Reuse::prompt_and_answer) {
    const BranchReport& b = before.result->report.branches.at(0);
    const auto forwarded = std::min<std::size_t>(b.tokens.size(), b.forwarded_tokens());
    held.insert(held.end(), b.tokens.begin(), b.tokens.begin() + forwarded);
  }
  const PromptShape& prompts = *stage.prompts;
  const std::size_t own = prompts.lengths.size() > 1 ? prompts.shared : prompts.lengths.at(0) - 1;
  const std::size_t n = std::min(own, held.size());
  const auto last = held.begin() + n;
  return static_cast<int>(std::mismatch(held.begin(), last, prompts.first.begin()).first - held.begin());
}

// The stage as the latency model sees it. `reused`: the result of reused_tokens. `signals`: whether an exit policy
// reads them.
[[nodiscard]] inline StageShape shape_of(const PathStep& stage, int reused, bool signals) {
  StageShape shape;
  shape.signals = signals;
  for (std::size_t b = 0; b < stage.prompts->lengths.size(); ++b) {
    const BranchReport& report = stage.result->report.branches.at(b);
    BranchShape branch{
        stage.prompts->lengths[b], report.generated_tokens, report.injected_tokens, report.injected_at, {}};
    for (const LookAheadReport& l : report.look_aheads)
      branch.look_aheads.push_back({l.at, l.text_tokens, static_cast<int>(l.tokens.size())});
    shape.branches.push_back(std::move(branch));
  }
  shape.shared = stage.prompts->shared;
  shape.reused = reused;
  return shape;
}

class StageMemo {
 public:
  // Returns null if the stage was never generated. The address stays valid.
  [[nodiscard]] const StageResult* find(const StageKey& key) {
    const auto found = results_.find(key);
    return found == results_.end() ? nullptr : &found->second;
  }
  const StageResult& add(StageKey key, StageResult result) {
    const auto [at, added] = results_.emplace(std::move(key), std::move(result));
    LITESTAGE_ASSERT(added, "question ", at->first.question, ", stage ", at->first.stage, " was generated twice");
    return at->second;
  }
  [[nodiscard]] std::size_t size() const { return results_.size(); }

 private:
  std::map<StageKey, StageResult> results_;
};

}  // namespace litestage::calibrate
