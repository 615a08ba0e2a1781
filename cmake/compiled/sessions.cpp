// Sessions and what runs questions on the backends of the host, for litestage::compiled.
#include "litestage/compiled/sessions.hpp"
#include "litestage/compiled/lanes.hpp"
#include "litestage/compiled/question_runner.hpp"

namespace litestage {

LITESTAGE_SESSIONS(, CpuBackend)
LITESTAGE_SESSIONS(, ReferenceBackend)
LITESTAGE_LANES(, CpuBackend)
LITESTAGE_LANES(, ReferenceBackend)
LITESTAGE_QUESTION_RUNNER(, CpuBackend)
LITESTAGE_QUESTION_RUNNER(, ReferenceBackend)

}  // namespace litestage
