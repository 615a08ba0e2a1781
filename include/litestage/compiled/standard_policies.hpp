// The instances of PolicyCallsTo that litestage::compiled has: for policies chosen at run time. Include this header
// where a program runs them; pipeline.hpp does not, because it would make every program wait for all policies.
#pragma once

#include "litestage/core/compiled.hpp"
#include "litestage/early_exit/never.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/engine/policy_calls.hpp"
#include "litestage/skip/standard.hpp"

// `kind` as in compiled/sessions.hpp.
#define LITESTAGE_STANDARD_POLICIES(kind)                                  \
  kind template class PolicyCallsTo<skip::Standard, early_exit::Standard>; \
  kind template class PolicyCallsTo<skip::Standard, early_exit::Never>;

#if !LITESTAGE_HEADER_ONLY
namespace litestage {

LITESTAGE_STANDARD_POLICIES(extern)

}  // namespace litestage
#endif
