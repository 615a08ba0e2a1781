#include <doctest/doctest.h>

#include "common/error_of.hpp"
#include "litestage/policy/sublayer_set.hpp"

using namespace litestage;

namespace {

SublayerSet read(const Form& form) {
  return SublayerSet::from_form(form, "x");
}

}  // namespace

TEST_CASE("names of sub-layers") {
  CHECK(sublayer_name({Unit::attention, 0}) == "a0");
  CHECK(sublayer_name({Unit::mlp, 27}) == "m27");
  CHECK(parse_sublayer("a0") == Sublayer{Unit::attention, 0});
  CHECK(parse_sublayer("m999") == Sublayer{Unit::mlp, 999});
  for (const char* wrong :
       {"", "a", "m", "3", "b3", "a-1", "a+1", "a1000", "a3x", "A3", "a 3", "a3 ", "a99999999999"}) {
    CAPTURE(wrong);
    CHECK(!parse_sublayer(wrong));
  }
}

TEST_CASE("ranges cover one unit and both ends, and overlap freely") {
  const SublayerSet set = read(Form::List{"m4-m6", "a2", "m5-m7", "a2-a2"});
  CHECK(set.indices() == std::vector<int>{4, 9, 11, 13, 15});
  CHECK(set.contains({Unit::mlp, 7}));
  CHECK(!set.contains({Unit::attention, 4}));
  CHECK(set.to_form(true) == Form(Form::List{"a2", "m4-m7"}));
  CHECK(read("a0-a999").indices().size() == 1000);
  CHECK(read(Form::List{}).empty());
}

TEST_CASE("anything else is refused") {
  for (const char* wrong : {"", "-", "a3-", "-a3", "a5-a2", "a3-m5", "a3-5", "a1-a2-a3", "a0-a1000", "none"}) {
    CAPTURE(wrong);
    CHECK(test::error_of([&] {
            read(Form::List{"a1", wrong});
          }) == concat("x: found \"", wrong,
                       "\", expected a list of sub-layers such as a3, m3 or m4-m9, layers from 0 to 999"));
  }
  CHECK(test::error_of([&] { static_cast<void>(read(Form::List{3})); }).find("x: found 3, expected") == 0);
  CHECK(test::error_of([&] { static_cast<void>(read(Form::Map{})); }).find("x: found an object, expected") == 0);
}

TEST_CASE("the written list reads back, for every set of few layers") {
  for (int bits = 0; bits < 1 << 10; ++bits) {
    SublayerSet set;
    for (int i = 9; i >= 0; --i) {
      if ((bits >> i & 1) != 0) set.insert(Sublayer::at(i));
    }
    CHECK(read(set.to_form(true)) == set);
  }
}
