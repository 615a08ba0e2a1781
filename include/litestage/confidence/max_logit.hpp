// The largest logit, as in LiteStage's overview figure (arXiv 2510.14211). Its scale differs between models.
#pragma once

#include <string_view>

#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::confidence {

struct MaxLogit {
  static constexpr std::string_view name = "max_logit";
  static constexpr std::string_view summary = "largest logit";
  static constexpr Signal signals = Signal::max_logit;
  [[nodiscard]] float operator()(const TokenStats& token) const { return token.max_logit; }

  static constexpr auto fields() { return Fields(); }
  friend bool operator==(const MaxLogit&, const MaxLogit&) = default;
};

}  // namespace litestage::confidence
