// Fits the coefficients of a LatencyModel to measured steps by least squares on relative errors.
#pragma once

#include <span>

#include "litestage/calibrate/latency/latency_model.hpp"
#include "litestage/core/compiled.hpp"

namespace litestage::calibrate {

struct Measurement {
  StepWork work;
  double seconds = 0;
};

// Sets all coefficients that steps use; the row counts of every curve are given. No coefficient becomes negative: a
// negative one, which only noise gives to a cost near zero, is set to 0 for good and the others are fitted again. This
// is not the non-negative least squares of Lawson and Hanson, which may take a coefficient back; it errs on the side of
// fewer terms. A coefficient that occurs in no measurement becomes 0.
void fit(LatencyModel& model, std::span<const Measurement> measurements);

}  // namespace litestage::calibrate

#if LITESTAGE_HEADER_ONLY
#include "litestage/calibrate/latency/definitions/latency_fit.hpp"
#endif
