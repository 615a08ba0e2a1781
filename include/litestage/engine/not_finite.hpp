// What the engine says where a step's numbers are not finite: neither a token nor a probability can be read from them.
// That includes a logit of -infinity: nothing here masks tokens, so it is an overflow like any other.
#pragma once

#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/engine/session.hpp"

namespace litestage {

// Throws the Error. `where`: whose step it is; `what`: the numbers, in plural; `slot` holds the sequence. Keys and
// values that were too large for the K/V cache are the cause if there are any, since all later numbers come from them.
template <Backend B>
[[noreturn]] void refuse_not_finite(Session<B>& session, int slot, std::string_view where, std::string_view what) {
  if (const auto layer = session.cache().overflowed_layer(slot)) {
    throw Error(concat(where, ": a key or value of layer ", *layer,
                       " is too large for a K/V cache of F16, expected at most 65504 in magnitude; one of F32 holds it "
                       "(--kv f32, KvType::f32)"));
  }
  throw Error(concat(where, ": found ", what,
                     " that are NaN or infinite, expected finite numbers; the model's weights may be damaged, or too "
                     "large to compute with in float"));
}

}  // namespace litestage
