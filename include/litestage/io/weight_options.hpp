// What is done to a model's weights when it is opened.
#pragma once

#include <string>
#include <vector>

#include "litestage/io/adapters/lora_choice.hpp"

namespace litestage::io {

struct WeightOptions {
  std::vector<LoraChoice> adapters{};  // merged into the weights, in this order (io/merged_source.hpp)
  // The type to which matrices are rounded then, one of quantiser_names() (core/quantise/quantise.hpp), or empty to
  // take them as they are stored.
  std::string type{};
  int threads = 0;  // that do both; 0: all usable cores
};

}  // namespace litestage::io
