#include "numbers.hpp"

Numbers native_numbers() {
  return numbers();
}
