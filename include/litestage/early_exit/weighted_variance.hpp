// The exponentially weighted mean and variance of a series, as EAT computes them (arXiv 2509.26522; xidulu/EAT,
// 93a46f7, early_stopping_utils.py): the mean starts with the first value, the variance with 0, and deviations are from
// the updated mean.
#pragma once

#include <cmath>

namespace litestage::early_exit {

struct WeightedVariance {
  int seen = 0;
  double mean = 0, variance = 0;

  // `weight`: that of the newest value. After a NaN, mean and variance stay NaN.
  void push(double value, double weight) {
    mean = seen == 0 ? value : std::fma(weight, value - mean, mean);
    const double deviation = value - mean;
    variance = std::fma(weight, std::fma(deviation, deviation, -variance), variance);
    ++seen;
  }
};

}  // namespace litestage::early_exit
