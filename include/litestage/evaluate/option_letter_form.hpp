// Writes the index of an option as its letter, or null if there is none.
#pragma once

#include <cstddef>
#include <string>

#include "litestage/prompt/option_letter.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::evaluate {

struct OptionLetterForm {
  [[nodiscard]] static Form write(int option) {
    return option == no_answer ? Form() : Form(std::string(1, option_letter(static_cast<std::size_t>(option))));
  }
  [[nodiscard]] static int read(const Form& form, const Where& where) {
    if (form.is_null()) return no_answer;
    const std::string letter = form.is_string() ? form.string("") : "";
    const int option = letter.size() == 1 ? letter[0] - 'A' : -1;
    if (option < 0 || option >= static_cast<int>(max_options))
      throw Error(concat(where.str(), ": found ", found_text(form), ", expected ", expected()));
    return option;
  }
  [[nodiscard]] static std::string expected() {
    return concat("null or a letter from A to ", option_letter(max_options - 1));
  }
};

}  // namespace litestage::evaluate
