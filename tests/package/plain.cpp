#include "consumer.hpp"
#include "numbers.hpp"

Numbers plain_numbers() {
  return {dequantized_rows(), rounded_numbers()};
}
