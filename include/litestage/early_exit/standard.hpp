// Every exit policy of the library, chosen at run time with its criterion.
#pragma once

#include "litestage/confidence/standard.hpp"
#include "litestage/early_exit/any.hpp"
#include "litestage/early_exit/cap.hpp"
#include "litestage/early_exit/cap_then_close.hpp"
#include "litestage/early_exit/confident_run.hpp"
#include "litestage/early_exit/entropy_variance.hpp"
#include "litestage/early_exit/group_confidence.hpp"
#include "litestage/early_exit/looking_ahead/consistent_answer.hpp"
#include "litestage/early_exit/looking_ahead/entropy_after_marker.hpp"
#include "litestage/early_exit/looking_ahead/trial_answer.hpp"
#include "litestage/early_exit/low_confidence.hpp"
#include "litestage/early_exit/never.hpp"
#include "litestage/early_exit/one_of.hpp"
#include "litestage/early_exit/repetition.hpp"

namespace litestage::early_exit {

template <class... More>
using SingleOr =
    OneOf<Never, LowConfidence<confidence::Standard>, Cap, Repetition, ConfidentRun<confidence::Standard>,
          GroupConfidence, EntropyVariance, TrialAnswer, ConsistentAnswer, EntropyAfterMarker, CapThenClose, More...>;

// A single exit policy.
using Single = SingleOr<>;
// A single exit policy, or `any`, which combines two single policies.
using Standard = SingleOr<Any<Single, Single>>;

}  // namespace litestage::early_exit
