// The instances of QuestionRunner that litestage::compiled has: for the backends of the host.
#pragma once

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/reference/declaration.hpp"
#include "litestage/pipeline/question_runner.hpp"

// `kind` as in compiled/sessions.hpp.
#define LITESTAGE_QUESTION_RUNNER(kind, B) kind template class QuestionRunner<B>;

namespace litestage {

LITESTAGE_QUESTION_RUNNER(extern, CpuBackend)
LITESTAGE_QUESTION_RUNNER(extern, ReferenceBackend)

}  // namespace litestage
