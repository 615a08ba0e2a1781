// The instances of Pipeline and Lanes that litestage::compiled has: every policy chosen at run time, the pipeline of
// examples/hello.cpp, and the lanes of a search. Other policies are compiled where they are used.
#pragma once

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/confidence/max_prob.hpp"
#include "litestage/early_exit/low_confidence.hpp"
#include "litestage/early_exit/never.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/engine/lanes.hpp"
#include "litestage/engine/observer.hpp"
#include "litestage/pipeline/pipeline.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/skip/static.hpp"
#include "litestage/stages/chat.hpp"
#include "litestage/stages/standard.hpp"

// `kind` as in compiled/sessions.hpp.
#define LITESTAGE_PIPELINES(kind)                                                                               \
  kind template class Lanes<CpuBackend, skip::Standard, early_exit::Standard, NoObserver>;                      \
  kind template class Lanes<CpuBackend, skip::Standard, early_exit::Never, NoObserver>;                         \
  kind template class Lanes<CpuBackend, skip::Static, early_exit::LowConfidence<>, NoObserver>;                 \
  kind template class Pipeline<CpuBackend, skip::Standard, early_exit::Standard, stages::Standard, NoObserver>; \
  kind template class Pipeline<CpuBackend, skip::Static, early_exit::LowConfidence<>, stages::Chat, NoObserver>;

namespace litestage {

LITESTAGE_PIPELINES(extern)

}  // namespace litestage
