// Every confidence of the library, chosen at run time.
#pragma once

#include "litestage/confidence/margin.hpp"
#include "litestage/confidence/max_logit.hpp"
#include "litestage/confidence/max_prob.hpp"
#include "litestage/confidence/mean_log_prob_top_k.hpp"
#include "litestage/confidence/neg_entropy.hpp"
#include "litestage/confidence/one_of.hpp"

namespace litestage::confidence {

using Standard = OneOf<MaxProb, MaxLogit, Margin, NegEntropy, MeanLogProbTopK>;

}  // namespace litestage::confidence
