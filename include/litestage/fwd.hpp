// Forward declarations of the types that signatures mention most.
#pragma once

#include <cstddef>

namespace litestage {

class Error;
class Form;
struct ModelConfig;
struct ModelTensors;

template <class T, std::size_t Rank>
class View;

}  // namespace litestage
