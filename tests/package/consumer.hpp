// The functions of the consumer's two translation units.
#pragma once

#include <string>
#include <utility>
#include <vector>

using Numbers = std::vector<std::pair<std::string, std::vector<float>>>;

Numbers plain_numbers();
Numbers native_numbers();
