// The ways in which models scale RoPE to longer texts, as divisors of frequencies and a magnitude (RopeConfig). Each
// function multiplies the divisors and the magnitude that the configuration has, whose base and rotary_dim are set.
// Formulas: transformers 5.24 modeling_rope_utils.py. Scaling whose base depends on the text's length ("dynamic" NTK)
// has no such form.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/model/source/rope_config.hpp"

namespace litestage {

// Llama 3.1 and later: slow pairs are divided by the factor, fast ones stay, those between change gradually.
struct Llama3Scaling {
  double factor = 1;
  double low_frequency_factor = 1, high_frequency_factor = 4;
  double original_context = 8192;
};

// YaRN (Peng et al. 2023, arXiv 2309.00071).
struct YarnScaling {
  double factor = 1;
  double original_context = 0;
  double beta_fast = 32, beta_slow = 1;   // turns over the original context of the pairs that stay, are divided
  bool truncate = true;                   // whole pairs at both ends of the range between these
  std::optional<double> magnitude = {};   // by default from the factor
  double mscale = 0, mscale_all_dim = 0;  // if neither is 0, the default magnitude is a quotient of two
};

// LongRoPE (Ding et al. 2024, arXiv 2402.13753): a list of divisors for texts up to the original context, and one for
// longer texts.
struct LongRopeScaling {
  std::vector<float> short_factors, long_factors;  // [rotary_dim / 2]
  int original_context = 0;
  double factor = 1;                     // the context length over the original one
  std::optional<double> magnitude = {};  // by default sqrt(1 + ln factor / ln original_context)
};

// Divides every frequency by the factor.
void scale_linear(RopeConfig& rope, double factor);
void scale_llama3(RopeConfig& rope, const Llama3Scaling& scaling);
void scale_yarn(RopeConfig& rope, const YarnScaling& scaling);
void scale_longrope(RopeConfig& rope, const LongRopeScaling& scaling);

// Throws Error naming `source` (a file) and what is wrong with the parameters, which come from outside.
void check_scaling(const Llama3Scaling& scaling, std::string_view source);
void check_scaling(const YarnScaling& scaling, std::string_view source);
void check_scaling(const LongRopeScaling& scaling, int rotary_dim, std::string_view source);

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/model/source/definitions/rope_scaling.hpp"
#endif
