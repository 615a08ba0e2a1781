// Counts the work of a forward step, and lists the steps that one stage of one question takes at batch 1, by the rules
// of engine/run/stage_run.hpp. It needs neither a clock nor a model: LatencyModel turns the counts into seconds.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/model/decisions.hpp"

namespace litestage::calibrate {

// A look-ahead of the exit policy: it forwards the branch's newest token, the text and the tokens read but the last.
// What the model writes after the newest token is read in the same step, so the branch goes on without one for it.
struct LookAheadShape {
  int at = 0;  // tokens that the branch had chosen
  int text_tokens = 0;
  int read = 1;  // tokens read, at least 1
};

struct BranchShape {
  int prompt_tokens = 0;  // length of the whole prompt, at least 1
  // Tokens chosen, including one that only stopped the branch; 0 and 1 both mean that only the prompt is run.
  int generated_tokens = 0;
  int injected_tokens = 0;                       // forwarded together with the token before them
  int injected_at = 0;                           // tokens that the branch had chosen before that; 0: none injected
  std::vector<LookAheadShape> look_aheads = {};  // ascending by `at`

  // Whether the branch went on after the look-ahead with a token of its own, neither ended nor with injected words.
  [[nodiscard]] bool goes_on_after(const LookAheadShape& look) const {
    return look.at < generated_tokens && look.at != injected_at;
  }
};

struct StageShape {
  std::vector<BranchShape> branches;
  int shared = 0;  // leading prompt tokens that all branches share, run once; 0 for one branch
  int reused =
      0;  // leading tokens found in the K/V cache and not run: of the shared ones, or without those of each branch
  bool signals = false;  // whether an exit policy reads signals of each token
  bool moments = false;  // whether a skip policy reads statistics of each sub-layer
};

// K/V entries that the next n rows of a sequence read in a layer that holds `held`, their own included. A row reads at
// most as many as its window has positions (0: all); where positions are missing, a window may hold fewer.
[[nodiscard]] inline double entries_read(int held, int n, int window) {
  const int whole = window == 0 ? n : std::clamp(window - held, 0, n);  // rows that see everything
  return static_cast<double>(whole) * held + static_cast<double>(whole) * (whole + 1) / 2 +
         static_cast<double>(n - whole) * window;
}

// The work of one step.
struct StepWork {
  int rows = 0;
  int wanted = 0;                                 // rows that want logits
  int judged = 0;                                 // rows among them whose signals are computed
  std::vector<int> runs;                          // [2 * n_layers] rows that run each sub-layer
  std::vector<int> projected;                     // [n_layers] rows that skip attention but still store K/V
  double prompt_entries = 0, decode_entries = 0;  // K/V entries read, summed over the rows and layers that attend
  // Rows x sub-layers: K/V copied from the layer below, row scaled, moments computed.
  double copied = 0, scaled = 0, observed = 0;

  void clear(std::size_t n_layers) {
    *this = StepWork{.runs = std::move(runs), .projected = std::move(projected)};
    runs.assign(2 * n_layers, 0);
    projected.assign(n_layers, 0);
  }

  // Adds the next n rows of one sequence. Layer l has stored held[l] entries of the sequence so far; keeps[l] says
  // whether it also stores these rows (layers_that_store). windows [n_layers] or empty: none.
  void add(const Decisions& decisions, std::span<const std::uint8_t> keeps, std::span<const int> held, int n,
           Phase phase, std::span<const int> windows = {}) {
    LITESTAGE_ASSERT(decisions.size() == runs.size() && keeps.size() == held.size() && 2 * held.size() == runs.size(),
                     decisions.size(), " decisions, ", held.size(), " layers, work of ", runs.size(), " sub-layers");
    rows += n;
    double& entries = phase == Phase::prefill ? prompt_entries : decode_entries;
    for (std::size_t u = 0; u < decisions.size(); ++u) {
      const SkipDecision& d = decisions[u];
      if (!d.skip) runs[u] += n;
      if (d.skip && d.scale != 1) scaled += n;
      if (u % 2 != 0) continue;
      const std::size_t l = u / 2;
      if (!d.skip)
        entries += entries_read(held[l], n, windows.empty() ? 0 : windows[l]);
      else if (d.kv == KvOnSkip::project)
        projected[l] += n;
      else if (keeps[l] != 0)
        copied += n;
    }
  }
  // Counts the moments of all rows and sub-layers. Call it after the last add().
  void observe() {
    for (const int n : runs) observed += n;
  }
};

// Whether each layer stores keys and values under these decisions [n_layers]. ropes [n_layers]: numbers from 0 to 2;
// entries are copied only between layers of equal numbers. Empty: between all.
[[nodiscard]] inline std::vector<std::uint8_t> layers_that_store(const Decisions& decisions,
                                                                 std::span<const int> ropes = {}) {
  std::vector<std::uint8_t> stores(decisions.size() / 2, 0);
  std::array<bool, 3> stored{};  // by number: whether a lower layer stores
  for (std::size_t l = 0; l < stores.size(); ++l) {
    const SkipDecision& d = decisions[2 * l];
    bool& below = stored.at(ropes.empty() ? 0 : ropes[l]);
    const bool store = !d.skip || d.kv == KvOnSkip::project || (d.kv == KvOnSkip::copy_below && below);
    stores[l] = store ? 1 : 0;
    below = below || store;
  }
  return stores;
}

// Lists the steps of a stage, one after the other. The decisions, and the lists of layers (StepWork::add,
// layers_that_store), outlive this object.
class StageSteps {
 public:
  StageSteps(const StageShape& shape, int step_rows, const Decisions& prefill, const Decisions& decode,
             std::span<const int> windows = {}, std::span<const int> ropes = {})
      : shape_(shape),
        step_rows_(step_rows),
        prefill_(prefill),
        decode_(decode),
        windows_(windows),
        prefill_keeps_(layers_that_store(prefill, ropes)),
        decode_keeps_(layers_that_store(decode, ropes)) {
    LITESTAGE_ASSERT(!shape.branches.empty() && step_rows > 0 && prefill.size() == decode.size(), shape.branches.size(),
                     " branches, ", prefill.size(), " and ", decode.size(), " decisions");
    const bool share = shape.shared > 0;
    LITESTAGE_ASSERT(shape.shared >= 0 && shape.reused >= 0 && (!share || shape.reused <= shape.shared), shape.shared,
                     " tokens shared, ", shape.reused, " reused");
    for (const BranchShape& b : shape_.branches) {
      const int begun = share ? shape.shared : shape.reused;
      LITESTAGE_ASSERT(begun < b.prompt_tokens, begun, " of ", b.prompt_tokens, " prompt tokens");
      branches_.push_back({.shape = &b, .prompt_done = begun, .prompt_left = b.prompt_tokens - begun});
    }
    if (share) prefix_left_ = shape.shared - shape.reused;
  }

  // The number of segments, each with one decision of the policy: the shared prefix, each branch's prompt, each token
  // but the last, and each look-ahead after which the branch ended or words were injected.
  [[nodiscard]] double segments() const {
    double n = shape_.shared > 0 ? 1 : 0;
    for (const BranchShape& b : shape_.branches) {
      n += std::max(b.generated_tokens, 1);
      for (const LookAheadShape& look : b.look_aheads) n += b.goes_on_after(look) ? 0 : 1;
    }
    return n;
  }
  // K/V entries copied when the shared prefix is forked to the other branches.
  [[nodiscard]] double forked_entries() const {
    const auto layers = std::count(prefill_keeps_.begin(), prefill_keeps_.end(), 1);
    return static_cast<double>(layers) * shape_.shared * static_cast<double>(shape_.branches.size() - 1);
  }

  // Fills `work` with the next step. Returns false if there is none.
  [[nodiscard]] bool next(StepWork& work) {
    work.clear(prefill_keeps_.size());
    if (prefix_left_ > 0)
      step_prefix(work);
    else
      step_branches(work);
    if (shape_.moments) work.observe();
    if (shape_.signals) work.judged = work.wanted;
    return work.rows > 0;
  }

 private:
  struct Branch {
    const BranchShape* shape;
    int prompt_done = 0, prompt_left = 0;
    int chosen = 0;
    int decoded = 0;                     // rows of the current decode segment that were forwarded
    std::size_t looks = 0;               // look-aheads that have ended
    int ahead_done = 0, ahead_read = 0;  // of the current look-ahead: rows forwarded, tokens read

    [[nodiscard]] bool looks_ahead() const {
      return looks < shape->look_aheads.size() && shape->look_aheads[looks].at == chosen;
    }
    [[nodiscard]] bool done() const { return chosen == std::max(shape->generated_tokens, 1) && !looks_ahead(); }
    // Rows of its current segment that are not forwarded yet.
    [[nodiscard]] int left() const {
      if (prompt_left > 0) return prompt_left;
      if (looks_ahead()) return ahead_read > 0 ? 1 : 1 + shape->look_aheads[looks].text_tokens - ahead_done;
      return 1 + (shape->injected_at == chosen ? shape->injected_tokens : 0) - decoded;
    }
    // Positions after the prompt that the slot holds.
    [[nodiscard]] int held() const {
      const int injected = chosen > shape->injected_at ? shape->injected_tokens : 0;
      return std::max(chosen - 1, 0) + injected + ahead_done + decoded;
    }
    // Counts n forwarded rows. Returns how many of them want logits.
    int forward(int n) {
      const bool ends = n == left();
      if (prompt_left > 0) {
        prompt_done += n;
        prompt_left -= n;
        chosen += ends ? 1 : 0;
      } else if (looks_ahead()) {
        const int of_newest = ahead_done == 0 ? 1 : 0;  // its row wants logits
        ahead_done += n;
        if (ends) end_reading();
        return of_newest + (ends && n > of_newest ? 1 : 0);
      } else {
        decoded += n;
        if (ends) ++chosen, decoded = 0;
      }
      return ends ? 1 : 0;
    }
    // Counts one more token that the look-ahead has read.
    void end_reading() {
      const LookAheadShape& look = shape->look_aheads[looks];
      if (++ahead_read < look.read) return;
      ++looks;
      ahead_done = ahead_read = 0;
      if (shape->goes_on_after(look)) ++chosen;
    }
  };

  void step_prefix(StepWork& work) {
    const int n = std::min(prefix_left_, step_rows_);
    static constexpr BranchShape none;
    add(work, {.shape = &none, .prompt_done = shape_.shared - prefix_left_}, n);
    prefix_left_ -= n;
  }
  // Follows StageRun::collect: branch by branch while there is room, at least one row for each.
  void step_branches(StepWork& work) {
    const auto active = std::count_if(branches_.begin(), branches_.end(), [](const Branch& b) { return !b.done(); });
    int room = std::max(step_rows_, static_cast<int>(active));
    for (Branch& b : branches_) {
      const int n = b.done() ? 0 : std::min(room, b.left());
      if (n == 0) continue;
      room -= n;
      add(work, b, n);
      work.wanted += b.forward(n);
    }
  }
  void add(StepWork& work, const Branch& b, int n) {
    held_.resize(prefill_keeps_.size());
    for (std::size_t l = 0; l < held_.size(); ++l) {
      held_[l] = prefill_keeps_[l] * b.prompt_done + decode_keeps_[l] * b.held();
    }
    if (b.chosen == 0)
      work.add(prefill_, prefill_keeps_, held_, n, Phase::prefill, windows_);
    else
      work.add(decode_, decode_keeps_, held_, n, Phase::decode, windows_);
  }

  StageShape shape_;
  int step_rows_;
  const Decisions& prefill_;
  const Decisions& decode_;
  std::span<const int> windows_;
  std::vector<std::uint8_t> prefill_keeps_, decode_keeps_;  // [n_layers]
  std::vector<Branch> branches_;
  int prefix_left_ = 0;
  std::vector<int> held_;  // [n_layers]
};

}  // namespace litestage::calibrate
