#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "io/text/jinja/rendering.hpp"

namespace {

namespace jinja = litestage::io::jinja;
using litestage::test::jinja_error;
using litestage::test::says;

std::string repeated_text(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

const std::string too_many_steps = "steps, expected one that ends";
const std::string too_many_bytes = "bytes together, expected fewer";

}  // namespace

TEST_CASE("loops that would not end in a lifetime end in an Error") {
  const std::string loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
  CHECK(says(jinja_error(loops, {.steps = 100'000}), too_many_steps));
  CHECK(says(jinja_error("{% for a in range(99999) if a < 0 %}{% endfor %}", {.steps = 100'000}), too_many_steps));
  CHECK(says(jinja_error("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), "more than 250 deep"));
  CHECK(says(jinja_error("{{ range(1000) | sort | unique | list }}", {.steps = 10'000}), too_many_steps));
  CHECK(jinja_error("{{ range(1000) | sort | length }}", {.steps = 100'000}) == "no error");
}

TEST_CASE("texts and lists that grow without end do not fill the memory") {
  const jinja::Limits small{.bytes = 1 << 20};
  CHECK(says(
      jinja_error("{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
                  small),
      too_many_bytes));
  for (const char* growing :
       {"{{ 'x' * 9223372036854775807 }}", "{{ [1] * 9223372036854775807 }}",
        "{{ ('a' * 1000).replace('a', 'b' * 10000) }}", "{{ range(1000) | join('x' * 10000) }}",
        "{{ 'a' | indent(9223372036854775807) }}", "{{ [[[[1]]]] | tojson(indent=1000000) }}",
        "{{ ('a\\n' * 1000) | indent('x' * 10000) }}", "{{ ('x' * 10000).join('y' * 1000) }}",
        "{{ ('ab' * 300000)[::-1] }}", "{{ ('ab' * 100000) | list }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}"}) {
    CAPTURE(growing);
    const std::string found = jinja_error(growing, small);
    CHECK_MESSAGE((says(found, too_many_bytes) || says(found, too_many_steps)), found);
  }
}

TEST_CASE("the work of comparisons counts") {
  const jinja::Limits small{.bytes = 1 << 20};
  const std::string long_texts = "{% set a = 'x' * 100000 %}{% set b = 'x' * 50000 + 'y' %}";
  CHECK(says(jinja_error(long_texts + "{{ b in a }}", small), too_many_bytes));
  CHECK(says(jinja_error(long_texts + "{% for i in range(100) %}{{ a == 'x' * 100000 }}{% endfor %}", small),
             too_many_bytes));
  CHECK(says(jinja_error(long_texts + "{{ a.rfind(b) }}", small), too_many_bytes));
  CHECK(jinja_error(long_texts + "{{ 'y' in a }}", small) == "no error");
  // Pieces cost what they are long, however many there are.
  CHECK(jinja_error("{{ ('ab,' * 2000).split(',') | length }}{{ ('ab,' * 2000) | replace(',', '') | length }}",
                    small) == "no error");
}

TEST_CASE("the output is limited") {
  CHECK(jinja_error("{% for i in range(20) %}0123456789{% endfor %}", {.output_bytes = 199}) ==
        "t.jinja, line 1: the template writes more than 199 bytes, expected fewer");
  CHECK(jinja_error("{% for i in range(20) %}0123456789{% endfor %}", {.output_bytes = 200}) == "no error");
}

TEST_CASE("ranges are as long as Jinja's sandbox allows") {
  CHECK(jinja_error("{{ range(100000) | length }}") == "no error");
  for (const char* range : {"{{ range(100001) }}", "{{ range(-9223372036854775807, 9223372036854775807) }}",
                            "{{ range(9223372036854775807, -9223372036854775807, -1) }}"}) {
    CHECK(says(jinja_error(range), "a range has more than 100000 items, expected fewer"));
  }
  CHECK(litestage::test::rendered("{{ range(9223372036854775806, 9223372036854775807, 9) | list }}").text() ==
        "[9223372036854775806]");
}

TEST_CASE("deep nesting is an Error, not the end of the stack") {
  const auto nested = [](std::string_view open, std::string_view inner, std::string_view close, std::size_t depth) {
    return repeated_text(open, depth) + std::string(inner) + repeated_text(close, depth);
  };
  const std::string too_deep = "nested more than 100 deep, expected fewer levels";
  for (const std::size_t depth : {std::size_t{1000}, std::size_t{100'000}}) {
    CHECK(says(jinja_error("{{ " + nested("(", "1", ")", depth) + " }}"), too_deep));
    CHECK(says(jinja_error("{{ " + nested("[", "1", "]", depth) + " }}"), too_deep));
    CHECK(says(jinja_error("{{ " + nested("{1:", "1", "}", depth) + " }}"), too_deep));
    CHECK(says(jinja_error("{{ " + nested("-", "1", "", depth) + " }}"), too_deep));
    CHECK(says(jinja_error("{{ " + nested("not ", "1", "", depth) + " }}"), too_deep));
    CHECK(says(jinja_error("{{ " + nested("1 if 1 else ", "1", "", depth) + " }}"), too_deep));
    CHECK(says(jinja_error("{{ " + nested("n[", "1", "]", depth) + " }}"), too_deep));
    CHECK(says(jinja_error("{{ " + nested("f(", "1", ")", depth) + " }}"), too_deep));
    CHECK(says(jinja_error(nested("{% if 1 %}", "", "{% endif %}", depth)), too_deep));
    const std::string too_long = "more than 200 operators in a row, expected fewer";
    CHECK(says(jinja_error("{{ 1" + repeated_text("+1", depth) + " }}"), too_long));
    CHECK(says(jinja_error("{{ 1" + repeated_text(" and 1", depth) + " }}"), too_long));
    CHECK(says(jinja_error("{{ 'a'" + repeated_text("|trim", depth) + " }}"), too_long));
    CHECK(says(jinja_error("{{ n" + repeated_text(".a", depth) + " }}"), too_long));
    CHECK(says(jinja_error("{{ n" + repeated_text(" if 1", depth) + " }}"), too_long));
  }
  CHECK(jinja_error("{{ " + nested("(", "1", ")", 40) + " }}") == "no error");
  CHECK(jinja_error("{{ 1" + repeated_text("+1", 150) + " }}") == "no error");
  CHECK(jinja_error("{{ 'a'" + repeated_text(" ~ 'a'", 1000) + " }}") == "no error");  // one operator of many parts
  CHECK(jinja_error(repeated_text("{% if 1 %}{% elif 2 %}{% endif %}", 1000)) == "no error");
}

TEST_CASE("values cannot be nested without end, by whatever they are held") {
  const std::string too_deep = "lists and mappings are nested more than 64 deep";
  const auto in_loop = [](std::string_view body) {
    return "{% set ns = namespace(x=1) %}{% for i in range(50000) %}" + std::string(body) + "{% endfor %}";
  };
  CHECK(says(jinja_error(in_loop("{% set ns.x = [ns.x] %}")), too_deep));
  CHECK(says(jinja_error(in_loop("{% set ns.x = (ns.x,) %}")), too_deep));
  CHECK(says(jinja_error(in_loop("{% set ns.x = {'a': ns.x} %}")), too_deep));
  CHECK(says(jinja_error(in_loop("{% for a in [ns.x] %}{% set ns.x = loop %}{% endfor %}")), too_deep));
  CHECK(says(jinja_error(in_loop("{% set ns.x = [ns.x].count %}")), too_deep));
  // Namespaces may form circles, which are released all the same.
  CHECK(jinja_error("{% set ns = namespace() %}{% set ns.x = ns %}{% set ns.y = [ns] %}{{ ns.x.x == ns }}") ==
        "no error");
}

TEST_CASE("a loop may be kept and read after its end") {
  litestage::test::check_rendered({
      {"{% set ns = namespace() %}{% for i in [1, 2, 3] if i < 3 %}{% set ns.l = loop %}{% break %}{% endfor %}"
       "{{ ns.l.index }}{{ ns.l.nextitem }}",
       "12"},
      {"{% set ns = namespace() %}{% for i in [1, 2] %}{% set ns.l = loop %}{% endfor %}{{ ns.l.last }}", "True"},
  });
}
