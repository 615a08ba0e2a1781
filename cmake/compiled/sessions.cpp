// Sessions on the backends of the host, for litestage::compiled.
#include "litestage/compiled/sessions.hpp"

namespace litestage {

LITESTAGE_SESSIONS(, CpuBackend)
LITESTAGE_SESSIONS(, ReferenceBackend)

}  // namespace litestage
