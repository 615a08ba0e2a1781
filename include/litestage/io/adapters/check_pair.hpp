// What every pair of an adapter has to fulfil, whatever file it comes from.
#pragma once

#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/adapters/lora_adapter.hpp"

namespace litestage::io {

// Throws an Error if the ranks differ, or if a number is not finite. `source` is the file.
void check_pair(const LoraPair& pair, std::string_view source);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/adapters/definitions/check_pair.hpp"
#endif
