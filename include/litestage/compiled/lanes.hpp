// The instances of Lanes that litestage::compiled has: for the backends of the host.
#pragma once

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/reference/declaration.hpp"
#include "litestage/engine/run/lanes.hpp"

namespace litestage {

extern template class Lanes<CpuBackend>;
extern template class Lanes<ReferenceBackend>;

}  // namespace litestage
