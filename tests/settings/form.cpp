// The tree of plain values.
#include "litestage/settings/form.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "common/error_of.hpp"

using namespace litestage;
using litestage::test::error_of;

TEST_CASE("every kind of value keeps its kind") {
  CHECK(Form().is_null());
  CHECK(Form(true).is<bool>());
  CHECK(Form(7).is<std::int64_t>());
  CHECK(Form(std::size_t{7}) == Form(7));
  CHECK(Form(7.0).is<double>());
  CHECK(Form(7.0f) != Form(7));
  CHECK(Form("a").is_string());  // not a bool, to which a pointer would convert
  CHECK(Form(Form::List{1, "a"}).is_list());
  CHECK(Form(Form::Map{}).is_map());
}

TEST_CASE("getters give the value or say what was found") {
  CHECK(Form("a").string("x") == "a");
  CHECK(Form(false).boolean("x") == false);
  CHECK(Form(-3).integer("x") == -3);
  CHECK(Form(3).number("x") == 3.0);  // an integer is a number; a number is no integer
  CHECK(error_of([] { static_cast<void>(Form(3.0).integer("a.json: n")); }) ==
        "a.json: n is a number, expected an integer");
  CHECK(error_of([] { static_cast<void>(Form().list("x")); }) == "x is null, expected a list");
  CHECK(error_of([] { static_cast<void>(Form(Form::List{}).map("x")); }) == "x is a list, expected an object");
  CHECK(error_of([] { static_cast<void>(Form(1).boolean("x")); }) == "x is an integer, expected true or false");
  CHECK(error_of([] { static_cast<void>(Form(true).string("x")); }) == "x is true or false, expected a string");
  CHECK(error_of([] { static_cast<void>(Form("1").number("x")); }) == "x is a string, expected a number");
}

TEST_CASE("members are found by key and keep their order") {
  Form form;
  form.add("b", 1).add("a", Form::List{2, 3});
  CHECK(form.map("x")[0].first == "b");
  CHECK(form.at("a", "x").list("x").size() == 2);
  CHECK(form.find("c") == nullptr);
  CHECK(Form(1).find("c") == nullptr);
  CHECK(error_of([&] { static_cast<void>(form.at("c", "f.json")); }) == "f.json: key \"c\" is missing");
  CHECK(error_of([&] { static_cast<void>(Form(1).at("c", "f.json")); }) == "f.json is an integer, expected an object");
  CHECK_THROWS_AS(form.add("a", 1), AssertionError);
  CHECK_THROWS_AS(Form(1).add("a", 1), AssertionError);
}
