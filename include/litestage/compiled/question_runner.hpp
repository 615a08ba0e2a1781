// The instances of QuestionRunner that litestage::compiled has: for the backends of the host.
#pragma once

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/reference/declaration.hpp"
#include "litestage/pipeline/question_runner.hpp"

namespace litestage {

extern template class QuestionRunner<CpuBackend>;
extern template class QuestionRunner<ReferenceBackend>;

}  // namespace litestage
