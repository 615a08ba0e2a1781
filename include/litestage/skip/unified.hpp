// Unified Layer Skipping (arXiv 2404.06954): skips layers at even distances. The original code spaces layers less
// evenly than the paper describes, and AdaSkip's implementation still less, so there are three modes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/skip/layer_count.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

// S is `layers`, L the number of layers of the model.
enum class UnifiedMode : std::uint8_t {
  // Our default: exactly S layers, evenly spaced. Layer 0 always runs; the last layer runs unless S = L - 1. The N
  // candidates are layers 1 to N; they are divided into S equal parts, and the middle layer of each part is skipped:
  // the i-th skipped layer is 1 + (2i+1) N / 2S, rounded down.
  exact,
  // AdaSkip's implementation (ASISys/AdaSkip @4ef686d, llama_US.py:681): p = floor(L / S), and layer l is skipped if l
  // mod p = 1. This skips S layers or more (8 of 16 for S = 6), and none where 2 S > L; kept as released.
  adaskip,
  // The original code (Adaxry/Unified_Layer_Skipping @ad84c1e, run_clm_llms.py:458-471, modeling_bloom.py:836-905):
  // keeps n = L - S layers (there n = int(L / speedup)): 0 and L - 1, then multiples of int(L / (n-1)) from below until
  // n are kept; for S < L/2 - 1 this is a prefix and the last layer. Prefill runs every layer; in decode, the K/V entry
  // of a skipped layer is copied from the nearest layer below. The original model is fine-tuned for this; models here
  // are not.
  original
};

template <>
struct EnumNames<UnifiedMode> {
  static constexpr std::array<std::string_view, 3> names = {"exact", "adaskip", "original"};
};

}  // namespace litestage

namespace litestage::skip {

struct Unified {
  static constexpr std::string_view name = "unified";
  static constexpr std::string_view summary = "skips layers at even distances (Unified Layer Skipping)";
  static constexpr Stat stats = Stat::none;

  int layers = 4;
  UnifiedMode mode = UnifiedMode::exact;
  Phases phase = Phases::both;  // AdaSkip's end-to-end mode; its variant for long outputs skips only in decode

  struct State {
    std::vector<std::uint8_t> skipped;  // [n_layers]
  };
  [[nodiscard]] State begin(const RequestInfo& request) const {
    State state{std::vector<std::uint8_t>(request.n_layers, 0)};
    for (const int l : skipped_layers(request.n_layers)) state.skipped[l] = 1;
    return state;
  }
  [[nodiscard]] SkipDecision decide(const State& state, const StepInfo& step, Sublayer u) const {
    const bool original = mode == UnifiedMode::original;
    if (state.skipped[u.layer] == 0) return {};
    if (!covers(original ? Phases::decode : phase, step.phase)) return {};
    return {.skip = true, .kv = original ? KvOnSkip::copy_below : KvOnSkip::none};
  }

  // The layers that are actually skipped in a model of n_layers, ascending; the mode `adaskip` may not skip exactly
  // `layers`.
  [[nodiscard]] std::vector<int> skipped_layers(int n_layers) const {
    const int most[] = {n_layers - 1, n_layers, n_layers - 2};  // by mode; the original code's interval needs n >= 2
    check_layer_count(name, layers, most[static_cast<std::size_t>(mode)], n_layers);
    if (layers == 0) return {};
    if (mode == UnifiedMode::exact) return evenly_spaced(n_layers);
    return mode == UnifiedMode::adaskip ? every_pth(n_layers) : not_reserved(n_layers);
  }

  // The ladder uses the mode `exact`: in the mode `adaskip` several settings skip the same layers, and settings above
  // half of the layers skip none.
  [[nodiscard]] static std::vector<Rung<Unified>> ladder(const RedundancyProfile& model) {
    return ladder_of_layers<Unified>(model);
  }

  static constexpr auto fields() {
    return Fields(Field("layers", &Unified::layers, "how many layers are skipped", 0, 1000),
                  Field("mode", &Unified::mode,
                        "exactly `layers`, evenly spaced; or as one of two published programs chooses them"),
                  Field("phase", &Unified::phase,
                        "the phases in which it skips (mode=original ignores this and skips in decode)"));
  }
  friend bool operator==(const Unified&, const Unified&) = default;

 private:
  [[nodiscard]] std::vector<int> evenly_spaced(int n_layers) const {
    const int candidates = layers < n_layers - 1 ? n_layers - 2 : n_layers - 1;
    std::vector<int> result;
    for (int i = 0; i < layers; ++i) result.push_back(1 + (2 * i + 1) * candidates / (2 * layers));
    return result;
  }
  [[nodiscard]] std::vector<int> every_pth(int n_layers) const {
    const int p = n_layers / layers;
    std::vector<int> result;
    for (int l = 0; l < n_layers; ++l) {
      if (l % p == 1) result.push_back(l);
    }
    return result;
  }
  [[nodiscard]] std::vector<int> not_reserved(int n_layers) const {
    const int reserved = n_layers - layers;
    const int interval = n_layers / (reserved - 1);
    std::vector<int> result;
    int kept = 2;  // layer 0 and the last layer
    for (int l = 1; l + 1 < n_layers; ++l) {
      if (l % interval == 0 && kept < reserved)
        ++kept;
      else
        result.push_back(l);
    }
    return result;
  }
};

}  // namespace litestage::skip
