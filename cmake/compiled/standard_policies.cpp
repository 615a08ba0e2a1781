// The calls to policies chosen at run time, for litestage::compiled.
#include "litestage/compiled/standard_policies.hpp"

namespace litestage {

LITESTAGE_STANDARD_POLICIES()

}  // namespace litestage
