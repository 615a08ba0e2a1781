// Fingerprints of Forms: equal for equal Forms, different for others.
#include "litestage/settings/form_fingerprint.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace litestage;

TEST_CASE("Forms have one fingerprint exactly if they are equal") {
  using L = Form::List;
  using M = Form::Map;
  const double next = 0.95 + std::numeric_limits<double>::epsilon();
  // Form(L{...}) within a list, because compilers differ on whether L{L{1, 2}} is a list in a list.
  const std::vector<Form> forms = {
      {},
      true,
      false,
      1,
      -1,
      1.0,
      "1",
      "",
      "null",
      0.95,
      next,
      L{},
      L{1},
      L{1, 2},
      L{2, 1},
      L{Form(L{1}), 2},
      L{Form(L{1, 2})},
      M{},
      M{{"a", 1}},
      M{{"a", "1"}},
      M{{"b", 1}},
      M{{"a", L{}}},
      M{{"a", M{}}},
      M{{"a", 1}, {"b", 2}},
      M{{"b", 2}, {"a", 1}},
      M{{"a", M{{"b", 2}}}},
      L{"a", 1},
      "a",
  };
  std::set<std::string> seen;
  for (const Form& form : forms) {
    CHECK(seen.insert(form_fingerprint(form)).second);
    CHECK(form_fingerprint(Form(form)) == form_fingerprint(form));
  }
  CHECK(form_fingerprint({}).size() == 16);
}
