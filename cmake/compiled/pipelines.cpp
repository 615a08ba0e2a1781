// Pipelines of standard policies, for litestage::compiled.
#include "litestage/compiled/pipelines.hpp"

namespace litestage {

LITESTAGE_PIPELINES()

}  // namespace litestage
