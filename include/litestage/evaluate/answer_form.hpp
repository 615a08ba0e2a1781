// Writes answers in their canonical form, for a letter "B", and null if there is none. Several right answers are
// written as a list, a single one is not, as in the files of earlier versions.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "litestage/prompt/answer.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::evaluate {

struct AnswerForm {
  [[nodiscard]] static Form write(const Answer& answer) { return answer.empty() ? Form() : Form(answer.text); }
  [[nodiscard]] static Answer read(const Form& form, const Where& where) {
    if (form.is_null()) return {};
    if (!form.is_string() || form.string("").empty())
      throw Error(concat(where.str(), ": found ", found_text(form), ", expected ", expected()));
    return {form.string("")};
  }
  [[nodiscard]] static std::string expected() { return "null or an answer as a text"; }
};

struct GoldForm {
  [[nodiscard]] static Form write(const Gold& gold) {
    if (gold.size() < 2) return gold.empty() ? Form() : AnswerForm::write(gold[0]);
    Form::List list;
    for (const Answer& answer : gold) list.push_back(AnswerForm::write(answer));
    return list;
  }
  [[nodiscard]] static Gold read(const Form& form, const Where& where) {
    Gold gold;
    const auto add = [&](const Form& one, const Where& here) {
      Answer answer = AnswerForm::read(one, here);
      if (!answer.empty()) gold.push_back(std::move(answer));
    };
    if (!form.is_list()) {
      add(form, where);
      return gold;
    }
    const Form::List& list = form.list("");
    for (std::size_t i = 0; i < list.size(); ++i) add(list[i], where.item(i));
    return gold;
  }
};

// Throws an Error unless an answer to a multiple-choice question is a letter.
inline void check_letter(const Answer& answer, const Where& where) {
  if (!answer.empty() && option_of(answer) == no_answer)
    throw Error(concat(where.str(), ": found ", in_quotes(answer.text), ", expected null or a letter from A to Z"));
}

}  // namespace litestage::evaluate
