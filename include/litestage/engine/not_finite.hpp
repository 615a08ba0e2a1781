// The error for a step whose numbers are not finite: neither a token nor a probability can be read from them. A logit
// of -infinity is such a number too: no tokens are masked here, so it is an overflow.
#pragma once

#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/kv_number.hpp"
#include "litestage/engine/session.hpp"

namespace litestage {

// Throws the Error. `where` names the question, stage and branch; `what` names the numbers, in plural; `slot` holds the
// sequence. If the slot holds keys or values that were too large for the K/V cache, these are reported as the cause,
// since all later numbers depend on them.
template <Backend B>
[[noreturn]] void refuse_not_finite(Session<B>& session, int slot, std::string_view where, std::string_view what) {
  if (const auto layer = session.cache().overflowed_layer(slot)) {
    const bool q8 = session.cache().type() == KvType::q8_0;
    throw Error(concat(where, ": a key or value of layer ", *layer, " is too large for a K/V cache of ",
                       q8 ? "Q8_0" : "F16", ", expected at most ", q8 ? largest_kv_q8 : largest_kv_f16,
                       " in magnitude; one of F32 holds it (--kv f32, KvType::f32)"));
  }
  throw Error(concat(where, ": found ", what,
                     " that are NaN or infinite, expected finite numbers; the model's weights may be damaged, or too "
                     "large to compute with in float"));
}

}  // namespace litestage
