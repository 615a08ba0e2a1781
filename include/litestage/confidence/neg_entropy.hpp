// The negated entropy of the distribution in nats: 0 for a certain token, -log(vocabulary size) for a uniform
// distribution.
#pragma once

#include <string_view>

#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::confidence {

struct NegEntropy {
  static constexpr std::string_view name = "neg_entropy";
  static constexpr std::string_view summary = "negated entropy of the distribution, nats";
  static constexpr Signal signals = Signal::entropy;
  [[nodiscard]] float operator()(const TokenStats& token) const { return -token.entropy; }

  static constexpr auto fields() { return Fields(); }
  friend bool operator==(const NegEntropy&, const NegEntropy&) = default;
};

}  // namespace litestage::confidence
