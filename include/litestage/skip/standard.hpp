// Every skip policy of the library, chosen at run time.
#pragma once

#include "litestage/skip/never.hpp"
#include "litestage/skip/one_of.hpp"
#include "litestage/skip/static.hpp"

namespace litestage::skip {

using Standard = OneOf<Never, Static>;

}  // namespace litestage::skip
