// Every skip policy of the library, chosen at run time. Those that declare a ladder (policy/ladder.hpp) are also
// searched by `calibrate` and shown by `compare` as baselines.
#pragma once

#include "litestage/skip/ada_skip.hpp"
#include "litestage/skip/early_exit_depth.hpp"
#include "litestage/skip/lite_stage.hpp"
#include "litestage/skip/never.hpp"
#include "litestage/skip/one_of.hpp"
#include "litestage/skip/short_gpt.hpp"
#include "litestage/skip/skip_decode.hpp"
#include "litestage/skip/static.hpp"
#include "litestage/skip/unified.hpp"

namespace litestage::skip {

using Standard = OneOf<Never, Static, LiteStage, EarlyExitDepth, Unified, SkipDecode, AdaSkip, ShortGPT>;

}  // namespace litestage::skip
