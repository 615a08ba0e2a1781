// The instances of Lanes that litestage::compiled has: for the backends of the host.
#pragma once

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/reference/declaration.hpp"
#include "litestage/engine/lanes.hpp"

// `kind` as in compiled/sessions.hpp.
#define LITESTAGE_LANES(kind, B) kind template class Lanes<B>;

namespace litestage {

LITESTAGE_LANES(extern, CpuBackend)
LITESTAGE_LANES(extern, ReferenceBackend)

}  // namespace litestage
