// Every stage schedule of the library, chosen at run time.
#pragma once

#include "litestage/stages/chat.hpp"
#include "litestage/stages/direct.hpp"
#include "litestage/stages/one_of.hpp"
#include "litestage/stages/single.hpp"
#include "litestage/stages/tiny_thinker.hpp"

namespace litestage::stages {

using Standard = OneOf<TinyThinker, Chat, Direct, Single>;

}  // namespace litestage::stages
