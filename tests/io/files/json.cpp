// JSON: values come back as they were, and what is not JSON is refused with its line.
#include "litestage/io/files/json.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/io_scratch.hpp"
#include "common/tiny_model.hpp"

using namespace litestage;
using test::says;

namespace {

std::string json_error(std::string_view text) {
  return test::error_of([&] { static_cast<void>(io::parse_json(text, "a.json")); });
}
// A random tree; doubles of any finite bits, texts with what needs escaping.
Form random_form(test::Random& random, int depth) {
  switch (random.below(depth > 0 ? 7 : 5)) {
    case 0:
      return {};
    case 1:
      return random.below(2) == 1;
    case 2:
      return static_cast<std::int64_t>(random.bits());
    case 3: {
      const double value = std::bit_cast<double>(random.bits());
      return std::isfinite(value) ? value : 0.5;
    }
    case 4: {
      std::string text;
      for (std::size_t n = random.below(9); n > 0; --n) {
        constexpr std::string_view pieces[] = {
            "a", "\"", "\\", "\n", "\t", "\x01", "/", "\xc3\xa9", "\xf0\x9f\x98\x80"};
        text += pieces[random.below(9)];
      }
      return text;
    }
    case 5: {
      Form::List list;
      for (std::size_t n = random.below(4); n > 0; --n) list.push_back(random_form(random, depth - 1));
      return list;
    }
    default: {
      Form::Map map;
      for (std::size_t n = random.below(4); n > 0; --n)
        map.emplace_back(concat("k", n), random_form(random, depth - 1));
      return map;
    }
  }
}

}  // namespace

TEST_CASE("what is written is read back, bit for bit, in order") {
  test::Random random(5);
  for (int round = 0; round < 2000; ++round) {
    const Form form = random_form(random, 4);
    for (const int indent : {-1, 0, 2}) CHECK(io::parse_json(io::to_json(form, indent), "round trip") == form);
  }
  CHECK(std::signbit(std::get<double>(io::parse_json("-0.0", "a").value())));
}

TEST_CASE("integers and other numbers stay apart") {
  CHECK(io::parse_json("7", "a") == Form(7));
  CHECK(io::parse_json("7.0", "a") == Form(7.0));
  CHECK(io::parse_json("7e0", "a") == Form(7.0));
  CHECK(io::to_json(Form(7.0)) == "7.0");
  CHECK(io::to_json(Form(0.1)) == "0.1");
  CHECK(io::to_json(Form(1e300)) == "1e+300");
  CHECK(io::parse_json("9223372036854775807", "a") == Form(INT64_MAX));
  CHECK(io::parse_json("-9223372036854775808", "a") == Form(INT64_MIN));
  for (const char* large : {"9223372036854775808", "-9223372036854775809", "123456789012345678901234567890"}) {
    CHECK(json_error(large) ==
          concat("a.json:1: is not valid JSON: the integer ", large, " does not fit 64 bits with sign"));
  }
  CHECK(says(json_error("1e999"), "number overflow"));
}

TEST_CASE("layout") {
  const Form form = io::parse_json(R"( {"b": [1, {}, []], "a": null} )", "a");
  CHECK(io::to_json(form) == R"({"b":[1,{},[]],"a":null})");
  CHECK(io::to_json(form, 2) == "{\n  \"b\": [\n    1,\n    {},\n    []\n  ],\n  \"a\": null\n}");
}

TEST_CASE("what is not JSON is refused with source and line") {
  CHECK(says(json_error(""), "a.json:1: is not valid JSON: syntax error"));
  CHECK(says(json_error("{\"a\": 1,\n \"b\": tru}"), "a.json:2: "));
  CHECK(json_error("{\"a\": 1,\n\n \"a\": 2}") ==
        "a.json:3: is not valid JSON: the key \"a\" is there twice in one object");
  for (const char* text :
       {"NaN", "Infinity", "-inf", "[1,]", "{} {}", "'a'", "01", "+1", "// c\n1", "\"\xff\"", "\"\n\""}) {
    CHECK(says(json_error(text), "is not valid JSON"));
  }
  CHECK(json_error(std::string_view("1\n\0 2", 5)) == "a.json:2: is not valid JSON: it contains a zero byte");
  CHECK(json_error("{\"a\": {\"a\": 1}, \"b\": [{\"a\": 1}]}") == "no error");
}

TEST_CASE("depth ends at 64, however deep the text") {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  CHECK(json_error(nested(64)) == "no error");
  CHECK(says(json_error(nested(65)), "nested more than 64 deep"));
  CHECK(says(json_error(nested(1000000)), "nested more than 64 deep"));
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  CHECK(says(json_error(objects), "nested more than 64 deep"));
}

TEST_CASE("what JSON cannot say is not written") {
  const double odd[] = {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                        -std::numeric_limits<double>::infinity()};
  for (const double value : odd) {
    const Form form = Form::Map{{"rows", Form::List{1, Form::Map{{"seconds", value}}}}};
    CHECK(says(test::error_of([&] { static_cast<void>(io::to_json(form)); }), "$.rows[1].seconds is "));
  }
  CHECK(io::to_json(Form("cut \xc3")) == "\"cut \xef\xbf\xbd\"");
}

TEST_CASE("one value a line") {
  const std::vector<Form> values = io::parse_json_lines("1\n\n  \r\n{\"a\": 2}\r\n[3]", "a.jsonl");
  REQUIRE(values.size() == 3);
  CHECK(values[1].at("a", "a").integer("a") == 2);
  CHECK(io::parse_json_lines("", "a.jsonl").empty());
  CHECK(says(test::error_of([] { static_cast<void>(io::parse_json_lines("1\n\n{\n}", "a.jsonl")); }), "a.jsonl:3: "));

  const test::ScratchFolder folder;
  CHECK(io::read_json_file(folder.write("a.json", "{\"a\": 1}")).at("a", "a") == Form(1));
}
