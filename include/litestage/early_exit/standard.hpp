// Every exit policy of the library, chosen at run time with its criterion.
#pragma once

#include "litestage/confidence/standard.hpp"
#include "litestage/early_exit/low_confidence.hpp"
#include "litestage/early_exit/never.hpp"
#include "litestage/early_exit/one_of.hpp"

namespace litestage::early_exit {

using Standard = OneOf<Never, LowConfidence<confidence::Standard>>;

}  // namespace litestage::early_exit
