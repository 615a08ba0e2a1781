// Calibrations on the backends of the host, for litestage::compiled.
#include "litestage/compiled/calibration.hpp"

namespace litestage::calibrate {

LITESTAGE_CALIBRATION(, CpuBackend)
LITESTAGE_CALIBRATION(, ReferenceBackend)

}  // namespace litestage::calibrate
