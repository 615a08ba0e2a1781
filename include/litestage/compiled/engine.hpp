// The instances of Lanes and QuestionRunner that litestage::compiled has: for the backends of the host.
#pragma once

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/reference/declaration.hpp"
#include "litestage/engine/lanes.hpp"
#include "litestage/pipeline/question_runner.hpp"

// `kind` as in compiled/sessions.hpp.
#define LITESTAGE_ENGINE(kind, B) \
  kind template class Lanes<B>;   \
  kind template class QuestionRunner<B>;

namespace litestage {

LITESTAGE_ENGINE(extern, CpuBackend)
LITESTAGE_ENGINE(extern, ReferenceBackend)

}  // namespace litestage
