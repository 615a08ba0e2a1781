// Definitions of calibrate/latency/latency_fit.hpp.
#pragma once

#include <Eigen/QR>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "litestage/calibrate/latency/latency_fit.hpp"

namespace litestage::calibrate {

namespace detail {

// The amounts of all measurements [measurements, coefficients], each row divided by the measured seconds: the
// right-hand side is then 1 everywhere, and a residual is a relative error.
[[nodiscard]] inline Eigen::MatrixXd relative_amounts(const LatencyModel& model, std::size_t n_coefficients,
                                                      std::span<const Measurement> measurements) {
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(measurements.size(), n_coefficients);
  for (std::size_t i = 0; i < measurements.size(); ++i) {
    const Measurement& m = measurements[i];
    LITESTAGE_ASSERT(m.seconds > 0, "a measurement of ", m.seconds, " s");
    model.terms(m.work, [&](std::size_t number, double, double amount) { a(i, number) += amount / m.seconds; });
  }
  return a;
}

// Solves a x = 1 by least squares. Columns are scaled to length 1 first: amounts range from 1 to millions, and the rank
// must not depend on units.
[[nodiscard]] inline Eigen::VectorXd solve_for_ones(Eigen::MatrixXd a) {
  const Eigen::VectorXd lengths = a.colwise().norm();
  for (Eigen::Index c = 0; c < a.cols(); ++c) a.col(c) /= lengths(c);
  return a.colPivHouseholderQr().solve(Eigen::VectorXd::Ones(a.rows())).cwiseQuotient(lengths);
}

}  // namespace detail

LITESTAGE_INLINE void fit(LatencyModel& model, std::span<const Measurement> measurements) {
  const std::vector<double*> coefficients = model.coefficients();
  const Eigen::MatrixXd a = detail::relative_amounts(model, coefficients.size(), measurements);
  std::vector<Eigen::Index> kept;
  for (Eigen::Index c = 0; c < a.cols(); ++c) {
    *coefficients[c] = 0;
    if (a.col(c).any()) kept.push_back(c);
  }
  for (bool again = true; again && !kept.empty();) {
    const Eigen::VectorXd x = detail::solve_for_ones(a(Eigen::all, kept));
    std::vector<Eigen::Index> positive;
    for (std::size_t k = 0; k < kept.size(); ++k) {
      const double value = x(k);
      if (value >= 0) positive.push_back(kept[k]);
      *coefficients[kept[k]] = value >= 0 ? value : 0;
    }
    again = positive.size() < kept.size();
    kept = std::move(positive);
  }
}

}  // namespace litestage::calibrate
