#include "consumer.hpp"
#include "numbers.hpp"

Numbers native_numbers() {
  return {dequantized_rows(), rounded_numbers()};
}
