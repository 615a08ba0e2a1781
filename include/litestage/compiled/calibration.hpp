// The instances of Calibration that litestage::compiled has: for the backends of the host.
#pragma once

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/reference/declaration.hpp"
#include "litestage/calibrate/calibration.hpp"

namespace litestage::calibrate {

extern template class Calibration<CpuBackend>;
extern template class Calibration<ReferenceBackend>;

}  // namespace litestage::calibrate
