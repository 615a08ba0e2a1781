// SkipDecode (arXiv 2307.02628) as AdaSkip's comparison implements it (ASISys/AdaSkip @4ef686d, llama_SD.py:682-683):
// a band of lower layers is skipped, and grows upward from one decoded token to the next.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/skip/layer_count.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

// AdaSkip's three programs.
enum class SkipDecodeVariant : std::uint8_t {
  end_to_end,  // the band grows in decode; prefill is as decode step 0: layer 1 alone
  prefill,     // the whole band, in prefill and in decode
  decode       // the band grows in decode; prefill runs every layer
};

template <>
struct EnumNames<SkipDecodeVariant> {
  static constexpr std::array<std::string_view, 3> names = {"end_to_end", "prefill", "decode"};
};

}  // namespace litestage

namespace litestage::skip {

// In decode step t (0 is the first) the layers 1 to a(t) are skipped, a(t) = ceil(t (S-1) / T) + 1, at most S, with
// S = `layers` and T the request's cap of new tokens (1 if it has none). Layer 0 and all above the band always run, and
// as the band never shrinks, a layer that runs has K and V of every token decoded before. In integers here, in Python
// floats there. The paper's own schedule could not be read; it trains nothing either here or there.
//
// as_released: in the end-to-end program the counter of steps is put back after the layers of a prefill, not before, so
// a prefill skips the band that the request before it ended with, and the first decoded tokens find no K and V of the
// prompt in the layers above layer 1. What a request does here never depends on another: `as_released` behaves as if
// the request before had the same cap and ran to it, T - 1 decode steps. There the first request of a run is right, and
// a request that stopped early leaves a narrower band.
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
    return std::tuple(
        Field("layers", &SkipDecode::layers, "layers skipped at the end, 1 and up", 0, 1000),
        Field("variant", &SkipDecode::variant, "how prefill and decode differ, after AdaSkip's three programs"),
        Field("as_released", &SkipDecode::as_released,
              "end_to_end: prefill skips what a request that ran to its cap leaves behind in the released program"));
  }
  friend bool operator==(const SkipDecode&, const SkipDecode&) = default;

 private:
  // The topmost layer skipped; 0 for none.
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
