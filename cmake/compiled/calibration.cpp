// Calibrations on the backends of the host, for litestage::compiled.
#include "litestage/compiled/calibration.hpp"

namespace litestage::calibrate {

template class Calibration<CpuBackend>;
template class Calibration<ReferenceBackend>;

}  // namespace litestage::calibrate
