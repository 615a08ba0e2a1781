// Models opened on the backends of the host, for litestage::compiled where it has io.
#include "litestage/compiled/open_model.hpp"

namespace litestage::io {

LITESTAGE_OPEN_MODEL(, CpuBackend)
LITESTAGE_OPEN_MODEL(, ReferenceBackend)

}  // namespace litestage::io
