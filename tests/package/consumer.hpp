// What the two translation units of the consumer answer.
#pragma once

#include <vector>

struct Numbers {
  std::vector<float> dequantized, rounded;
};

Numbers plain_numbers();
Numbers native_numbers();
