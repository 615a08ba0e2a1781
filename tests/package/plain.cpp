#include "numbers.hpp"

Numbers plain_numbers() {
  return numbers();
}
