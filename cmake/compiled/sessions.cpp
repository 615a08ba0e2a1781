// Sessions and what runs questions on the backends of the host, for litestage::compiled.
#include "litestage/compiled/sessions.hpp"
#include "litestage/compiled/lanes.hpp"
#include "litestage/compiled/question_runner.hpp"

namespace litestage {

LITESTAGE_SESSIONS(, CpuBackend)
LITESTAGE_SESSIONS(, ReferenceBackend)
template class Lanes<CpuBackend>;
template class Lanes<ReferenceBackend>;
template class QuestionRunner<CpuBackend>;
template class QuestionRunner<ReferenceBackend>;

}  // namespace litestage
