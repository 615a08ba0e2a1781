// Sessions and what runs questions on the backends of the host, for litestage::compiled.
#include "litestage/compiled/sessions.hpp"
#include "litestage/compiled/engine.hpp"

namespace litestage {

LITESTAGE_SESSIONS(, CpuBackend)
LITESTAGE_SESSIONS(, ReferenceBackend)
LITESTAGE_ENGINE(, CpuBackend)
LITESTAGE_ENGINE(, ReferenceBackend)

}  // namespace litestage
