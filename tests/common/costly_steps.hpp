// A latency model for tests of searches.
#pragma once

#include "litestage/calibrate/latency/latency_model.hpp"

namespace litestage::test {

// A machine on which steps are expensive and rows cheap, so that a question with fewer sub-layers is always faster. For
// the small model of pipeline_setting.hpp.
[[nodiscard]] inline calibrate::LatencyModel costly_steps() {
  calibrate::LatencyModel m;
  m.groups.assign(6, 0);
  m.sublayers = {calibrate::Curve{{1, 512}, {2, 4}}};
  m.head = calibrate::Curve{{1}, {4}};
  m.base = calibrate::Curve{{1, 512}, {1, 1}};
  m.project = calibrate::Curve{{1}, {0}};
  return m;
}

}  // namespace litestage::test
