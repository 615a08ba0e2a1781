// The instances of Calibration that litestage::compiled has: for the backends of the host.
#pragma once

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/reference/declaration.hpp"
#include "litestage/calibrate/calibration.hpp"

// `kind` as in compiled/sessions.hpp.
#define LITESTAGE_CALIBRATION(kind, B) kind template class Calibration<B>;

namespace litestage::calibrate {

LITESTAGE_CALIBRATION(extern, CpuBackend)
LITESTAGE_CALIBRATION(extern, ReferenceBackend)

}  // namespace litestage::calibrate
