// The instances of Session and of what it is made of that litestage::compiled has: for the backends of the host.
#pragma once

#include <functional>

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/reference/declaration.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/model/model.hpp"

// `kind` is `extern` for those who use them, and empty in the unit that compiles them.
#define LITESTAGE_SESSIONS(kind, B)                                              \
  kind template Model<B> load<B>(B & backend, const ModelSource& source,         \
                                 const std::function<void(int, int)>& progress); \
  kind template class Transformer<B>;                                            \
  kind template class Session<B>;

namespace litestage {

LITESTAGE_SESSIONS(extern, CpuBackend)
LITESTAGE_SESSIONS(extern, ReferenceBackend)

}  // namespace litestage
