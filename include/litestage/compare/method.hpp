// The methods of a comparison, and the outcome of each on every question.
#pragma once

#include <string>
#include <vector>

#include "litestage/compare/outcome.hpp"
#include "litestage/evaluate/answer_form.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::compare {

// Writes an empty text as null.
struct TextOrNullForm {
  [[nodiscard]] static Form write(const std::string& text) { return text.empty() ? Form() : Form(text); }
};

struct Method {
  static constexpr bool written_only = true;
  std::string name;                     // unique in a comparison, e.g. "unified, equal skipping"
  std::string setting;                  // its policies in words, e.g. "12 sub-layers"
  Form policies;                        // as Forms; null if no model runs
  std::string missing;                  // why it was not run; empty if it was
  std::string same_as;                  // the earlier method with the same policies, whose runs it shares; else empty
  std::vector<MethodOutcome> outcomes;  // [questions]; empty if missing
  std::vector<MethodTiming> timings;    // [timed questions]; empty if missing, or if no model runs

  static constexpr auto fields() {  // outcomes and timings are written by question
    using M = Method;
    return Fields(Field("name", &M::name, "name of the method, unique in a comparison"),
                  Field("setting", &M::setting, "its policies in words"),
                  Field("policies", &M::policies, "the policies as JSON"),
                  coded_field<TextOrNullForm>("missing", &M::missing, "why it could not be run"),
                  coded_field<TextOrNullForm>("same_as", &M::same_as, "the method whose runs it shares"));
  }
};

struct ComparedQuestion {
  static constexpr bool written_only = true;
  std::string id;
  Gold gold = {};

  static constexpr auto fields() {
    using Q = ComparedQuestion;
    return Fields(Field("id", &Q::id, "id of the question"),
                  coded_field<evaluate::GoldForm>("gold", &Q::gold, "the right answer, or several"));
  }
};

struct Comparison {
  std::vector<ComparedQuestion> questions;
  std::vector<Method> methods;        // the first is the reference: full depth
  std::vector<std::string> warnings;  // sentences
};

}  // namespace litestage::compare
