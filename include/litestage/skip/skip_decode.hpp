// SkipDecode (arXiv 2307.02628) as implemented in AdaSkip's comparison (ASISys/AdaSkip @4ef686d, llama_SD.py:682-683):
// skips a band of lower layers that grows upward from one decoded token to the next.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/skip/layer_count.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

// The three programs of AdaSkip.
enum class SkipDecodeVariant : std::uint8_t {
  end_to_end,  // the band grows in decode; prefill skips as in decode step 0: only layer 1
  prefill,     // the whole band is skipped in prefill and in decode
  decode       // the band grows in decode; prefill runs every layer
};

template <>
struct EnumNames<SkipDecodeVariant> {
  static constexpr std::array<std::string_view, 3> names = {"end_to_end", "prefill", "decode"};
};

}  // namespace litestage

namespace litestage::skip {

// In decode step t (from 0) the layers 1 to a(t) are skipped, with a(t) = min(S, ceil(t (S-1) / T) + 1), where S is
// `layers` and T the request's max_new_tokens (1 if there is none). Layer 0 and all layers above the band always run.
// Because the band never shrinks, a layer that runs has K and V of every token decoded before. Computed in integers;
// AdaSkip uses Python floats. The paper's own schedule was not available to us; neither AdaSkip nor we train the model
// for it.
//
// as_released: the released end-to-end program resets its step counter after the layers of a prefill, not before. So a
// prefill skips the band with which the previous request ended, and the first decoded tokens find no K and V of the
// prompt in the skipped layers above layer 1. In this library a request never depends on a previous one, so
// `as_released` assumes a previous request with the same cap that ran to it, for T - 1 decode steps. In the released
// program the first request of a run is correct, and a request that stopped early leaves a narrower band.
struct SkipDecode {
  static constexpr std::string_view name = "skip_decode";
  static constexpr std::string_view summary = "skips a band of lower layers that grows with every token (SkipDecode)";
  static constexpr Stat stats = Stat::none;

  int layers = 4;
  SkipDecodeVariant variant = SkipDecodeVariant::end_to_end;
  bool as_released = false;

  struct State {
    int max_new_tokens = 1;
  };
  [[nodiscard]] State begin(const RequestInfo& request) const {
    check_layer_count(name, layers, request.n_layers - 1, request.n_layers);
    return {std::max(request.max_new_tokens, 1)};
  }
  [[nodiscard]] SkipDecision decide(const State& state, const StepInfo& step, Sublayer u) const {
    return {u.layer >= 1 && u.layer <= band(state, step)};
  }

  [[nodiscard]] static std::vector<Rung<SkipDecode>> ladder(const RedundancyProfile& model) {
    return ladder_of_layers<SkipDecode>(model);
  }

  static constexpr auto fields() {
    return Fields(
        Field("layers", &SkipDecode::layers, "number of layers skipped at the end of the request, from layer 1 up", 0,
              1000),
        Field("variant", &SkipDecode::variant,
              "how the band differs between prefill and decode, as in AdaSkip's three programs"),
        Field("as_released", &SkipDecode::as_released,
              "end_to_end: prefill skips the band of an earlier request that ran to its cap, as in the released "
              "program"));
  }
  friend bool operator==(const SkipDecode&, const SkipDecode&) = default;

 private:
  // The topmost skipped layer; 0 if none is skipped.
  [[nodiscard]] int band(const State& state, const StepInfo& step) const {
    const bool prefill = step.phase == Phase::prefill;
    if (variant == SkipDecodeVariant::prefill) return layers;
    if (variant == SkipDecodeVariant::decode && prefill) return 0;
    return grown(prefill && as_released ? state.max_new_tokens - 1 : step.step, state.max_new_tokens);
  }
  [[nodiscard]] int grown(std::int64_t t, std::int64_t cap) const {
    const std::int64_t a = (t * (layers - 1) + cap - 1) / cap + 1;
    return static_cast<int>(std::min<std::int64_t>(a, layers));
  }
};

}  // namespace litestage::skip
