// Finds the numbers in a text that number_text.hpp has rewritten.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/tasks/reading/rational.hpp"

namespace litestage::tasks {

struct WrittenNumber {
  std::size_t begin = 0, end = 0;      // bytes, with the signs before and after the digits
  std::optional<Rational> value = {};  // empty if the digits are unclear, or do not fit 64 bits
  bool percent = false;
};

// A number is a run of digits with, if there are any, a sign, a currency sign, commas between groups of three digits, a
// decimal point, the denominator of a fraction ("3/4", or "2 3/4" if it is a proper one), a per-cent sign or word, and
// "hundred" to "trillion". What follows it without a space is its unit ("9eggs").
//
// These are no numbers: digits in a name or unit ("B2", "COVID-19", "Step 3", "m^2"), ordinals ("3rd"), factors of a
// variable ("2x"), and the number of a list's item at the beginning of a line ("3. Add them"), unless it is the first
// number and `stated`. Digits whose meaning is unclear are a number without a value: "1,23", "1.2.3", "12:30",
// "1/2/2024", "80k" without a currency sign, "2e5".
[[nodiscard]] std::vector<WrittenNumber> written_numbers(std::string_view text, bool stated);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/reading/definitions/written_numbers.hpp"
#endif
