#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/settings/describe.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/spec.hpp"

using namespace litestage;
using test::error_of;

namespace {

enum class Colour : std::uint8_t { red, green };

struct Inner {
  int depth = 1;
  static constexpr auto fields() { return Fields(Field("depth", &Inner::depth, "how deep", 0, 9)); }
  friend bool operator==(const Inner&, const Inner&) = default;
};

// One member of every kind that settings may have.
struct Everything {
  static constexpr std::string_view name = "everything";
  bool flag = false;
  std::int8_t small = 3;
  unsigned count = 2;
  std::int64_t large = 1;
  float ratio = 0.1f;
  double precise = 0.25;
  std::string text = "plain";
  Colour colour = Colour::red;
  Inner inner = {};
  std::optional<int> limit = {};
  std::vector<int> sizes = {1, 2};
  std::vector<std::string> words = {};

  static constexpr auto fields() {
    return Fields(
        Field("flag", &Everything::flag, "a switch"), Field("small", &Everything::small, "a small number"),
        Field("count", &Everything::count, "a count", 1, 10), Field("large", &Everything::large, "a large number"),
        Field("ratio", &Everything::ratio, "a ratio", 0, 1), Field("precise", &Everything::precise, "a number", -1),
        Field("text", &Everything::text, "a text"), Field("colour", &Everything::colour, "a colour"),
        Field("inner", &Everything::inner, "settings"), Field("limit", &Everything::limit, "a limit, if any", 0, 100),
        Field("sizes", &Everything::sizes, "sizes", 1, 50), Field("words", &Everything::words, "words"));
  }
  friend bool operator==(const Everything&, const Everything&) = default;
};

}  // namespace

template <>
struct litestage::EnumNames<Colour> {
  static constexpr std::array<std::string_view, 2> names = {"red", "green"};
};

namespace {

Everything changed() {
  Everything e;
  e.flag = true;
  e.small = -128;
  e.count = 10;
  e.large = std::numeric_limits<std::int64_t>::min();
  e.ratio = 1.0f / 3;
  e.precise = 1e300;
  e.text = "a \"quoted\" text, with every = sign / slash \\ line\nand @ more: {x}";
  e.colour = Colour::green;
  e.inner.depth = 0;
  e.limit = 7;
  e.sizes = {};
  e.words = {"true", "12", "1e5", "nan", "", "a/b", "none", "-", "plain"};
  return e;
}

Everything read(const Form& form) {
  return read_fields<Everything>(form, "file.json");
}

// The message for an object of this key alone.
std::string refused(const char* key, Form value) {
  return error_of([&] { read(Form(Form::Map{{key, std::move(value)}})); });
}

}  // namespace

TEST_CASE("an aggregate's members are counted, whatever their types") {
  struct Empty {};
  struct One {
    std::vector<std::string> words;
  };
  struct Mixed {
    std::array<int, 3> numbers;
    std::optional<std::string> text;
    Inner inner;
    std::map<std::string, int> map;
    std::variant<int, std::string> either;
  };
  CHECK(member_count<Empty>() == 0);
  CHECK(member_count<One>() == 1);
  CHECK(member_count<Mixed>() == 5);
  CHECK(member_count<Everything>() == 12);
}

TEST_CASE("settings survive the way through a Form and through a SPEC, complete and abridged") {
  for (const Everything& e : {Everything{}, changed()}) {
    CHECK(read(write_fields(e)) == e);
    CHECK(read(write_fields(e, /*all=*/false)) == e);
    CHECK(read_spec<Everything>(to_spec(e), "spec") == e);
  }
  CHECK(to_spec(Everything{}) == "everything");
  CHECK(write_fields(Everything{}).map("").size() == 13);               // the name and twelve settings
  CHECK(write_fields(Everything{}).at("ratio", "").number("") == 0.1);  // not 0.10000000149011612
}

TEST_CASE("a name alone, an object with and without the name mean the same") {
  CHECK(read(Form("everything")) == Everything{});
  CHECK(read(Form(Form::Map{})) == Everything{});
  CHECK(read(Form(Form::Map{{"name", "everything"}})) == Everything{});
  CHECK(error_of([] { read(Form("other")); }) == "file.json: found \"other\", expected everything");
  CHECK(error_of([] { read(Form(Form::Map{{"name", 3}})); }) == "file.json: found 3, expected everything");
  CHECK(error_of([] { read(Form(Form::List{})); }).find("found an empty list, expected settings with flag, small") !=
        std::string::npos);
}

TEST_CASE("a value alone stands for a list of one, and null or none for no value") {
  CHECK(read(Form(Form::Map{{"sizes", 7}})).sizes == std::vector<int>{7});
  CHECK(read(Form(Form::Map{{"limit", Form()}})).limit == std::nullopt);
  CHECK(read(Form(Form::Map{{"limit", "none"}})).limit == std::nullopt);
  CHECK(read(Form(Form::Map{{"limit", 0}})).limit == 0);
}

TEST_CASE("what does not fit is refused with the place, the finding and what is expected") {
  const std::string at = "file.json everything, ";
  CHECK(refused("flag", 1) == at + "flag: found 1, expected true or false");
  CHECK(refused("flag", "true") == at + "flag: found \"true\", expected true or false");
  CHECK(refused("small", 128) == at + "small: found 128, expected an integer");
  CHECK(refused("count", 0) == at + "count: found 0, expected an integer from 1 to 10");
  CHECK(refused("count", 11) == at + "count: found 11, expected an integer from 1 to 10");
  CHECK(refused("count", -1) == at + "count: found -1, expected an integer from 1 to 10");
  CHECK(refused("count", 2.0) == at + "count: found 2, expected an integer from 1 to 10");
  CHECK(refused("ratio", 1.5) == at + "ratio: found 1.5, expected a finite number from 0 to 1");
  CHECK(refused("ratio", "half") == at + "ratio: found \"half\", expected a finite number from 0 to 1");
  CHECK(refused("ratio", std::numeric_limits<double>::quiet_NaN()) ==
        at + "ratio: found nan, expected a finite number from 0 to 1");
  CHECK(refused("precise", std::numeric_limits<double>::infinity()) ==
        at + "precise: found inf, expected a finite number of at least -1");
  CHECK(refused("text", 5) == at + "text: found 5, expected a string");
  CHECK(refused("text", Form::Map{}) == at + "text: found an object, expected a string");
  CHECK(refused("colour", "blue") == at + "colour: found \"blue\", expected one of red, green");
  CHECK(refused("colour", 0) == at + "colour: found 0, expected one of red, green");
  CHECK(refused("inner", 4) == at + "inner: found 4, expected settings with depth");
  CHECK(refused("inner", Form::Map{{"depth", 10}}) == at + "inner.depth: found 10, expected an integer from 0 to 9");
  CHECK(refused("inner", Form::Map{{"dept", 1}}) == at + "inner: key \"dept\" is unknown, expected depth");
  CHECK(refused("limit", 101) == at + "limit: found 101, expected an integer from 0 to 100");
  CHECK(refused("sizes", Form::List{3, 51}) == at + "sizes[1]: found 51, expected an integer from 1 to 50");
  const Form empty(Form::List{});  // braces alone would mean a list of it to GCC, and itself to clang
  CHECK(refused("words", Form::List(1, empty)) == at + "words[0]: found an empty list, expected a string");
  CHECK(refused("colors", "red").find("file.json everything: key \"colors\" is unknown, expected flag, small,") == 0);
  const std::string long_text(1000, 'x');
  CHECK(refused("flag", long_text).size() < 120);
}

TEST_CASE("a repeated key is refused") {
  const Form twice(Form::Map{{"flag", true}, {"flag", true}});
  CHECK(error_of([&] { read(twice); }).find("file.json everything: key \"flag\" is given twice, expected flag,") == 0);
}

TEST_CASE("a number too large for a float is refused rather than made infinite") {
  struct Narrow {
    float x = 0;
    static constexpr auto fields() { return Fields(Field("x", &Narrow::x, "a number")); }
  };
  const Form form(Form::Map{{"x", 1e39}});
  CHECK(error_of([&] { static_cast<void>(read_fields<Narrow>(form, "f")); }) ==
        "f, x: found 1e+39, expected a finite number");
}

TEST_CASE("help names every key with its default, meaning and range") {
  const std::string help = describe<Everything>();
  for (const char* line :
       {"    count=2: a count; an integer from 1 to 10\n", "    colour=red: a colour; one of red, green\n",
        "    inner.depth=1: how deep; an integer from 0 to 9\n",
        "    limit=none: a limit, if any; none or an integer from 0 to 100\n",
        "    sizes=1/2: sizes; a list, each element an integer from 1 to 50\n"}) {
    CHECK_MESSAGE(help.find(line) != std::string::npos, line, " in\n", help);
  }
}
