#include "cli/options/option_checks.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace litestage;

namespace {

// What the option says to the text; empty where it takes it.
std::string said(const CLI::Validator& check, std::string text) {
  return check(text);
}

// What a program gets.
template <class T>
T parsed(const CLI::Validator& check, const char* text) {
  CLI::App app;
  T value{};
  app.add_option("--n", value)->check(check);
  const char* arguments[] = {"program", "--n", text};
  app.parse(3, arguments);
  return value;
}

}  // namespace

TEST_CASE("whole numbers are what was typed, or are refused") {
  using cli::whole_number;
  CHECK(said(whole_number(0), "18446744073709551615").empty());
  CHECK(parsed<std::uint64_t>(whole_number(0), "18446744073709551615") == 18446744073709551615u);
  CHECK(parsed<int>(whole_number(0, 1024), "0") == 0);
  for (const char* text : {"18446744073709551616", "99999999999999999999999", "-1", "010", "0x10", "1e3", "1.5", "",
                           " 1", "1 ", "x", "nan"}) {
    CAPTURE(text);
    CHECK(said(whole_number(0), text).find("expected a whole number from 0 to") != std::string::npos);
    CHECK_THROWS_AS(static_cast<void>(parsed<std::uint64_t>(whole_number(0), text)), CLI::ParseError);
  }
  CHECK(said(whole_number(2, 7), "1") == "found \"1\", expected a whole number from 2 to 7");
  CHECK(said(whole_number(2, 7), "2").empty());
  CHECK(said(whole_number(2, 7), "7").empty());
  CHECK_FALSE(said(whole_number(2, 7), "8").empty());
}

TEST_CASE("numbers are finite and in their range, and so NaN is none") {
  using cli::number;
  CHECK(parsed<double>(number(0, 1), "0.25") == 0.25);
  CHECK(said(number(0, 1), "1").empty());
  CHECK(said(number(0, 100), "1e-3").empty());
  for (const char* text : {"nan", "inf", "-inf", "1e999", "1.0001", "-0.1", "", "x", "0.5x"}) {
    CAPTURE(text);
    CHECK_FALSE(said(number(0, 1), text).empty());
  }
  CHECK(said(number(0, 1), "\x1b[1m") == "found \"\\x1b[1m\", expected a number from 0 to 1");
}
