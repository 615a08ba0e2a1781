#include <doctest/doctest.h>

#include <string_view>
#include <vector>

#include "io/text/jinja/rendering.hpp"

namespace {

struct ErrorCase {
  std::string_view jinja;
  std::string_view expected;
};

void check_errors(const std::vector<ErrorCase>& cases) {
  for (const ErrorCase& one : cases) {
    CAPTURE(one.jinja);
    CHECK(litestage::test::jinja_error(one.jinja) == one.expected);
  }
}

}  // namespace

TEST_CASE("what is not supported is an Error that names the template, the line and the word") {
  check_errors({
      {"a\n{% include 'x' %}", "t.jinja, line 2: the tag {% include %} is not supported here"},
      {"{% call f() %}{% endcall %}", "t.jinja, line 1: the tag {% call %} is not supported here"},
      {"{{ n\n | foo }}", "t.jinja, line 2: the filter \"foo\" is not supported"},
      {"{{ n is foo }}", "t.jinja, line 1: the test \"foo\" is not supported"},
      {"{{ words | join(',', glue=1) }}",
       "t.jinja, line 1: the filter join is given the argument glue, which is not supported"},
      {"{{ 'a' | upper(1) }}", "t.jinja, line 1: the filter upper is given 1 arguments, expected at most 0"},
      {"{{ words | join(',', d='-') }}", "t.jinja, line 1: the filter join is given the argument d twice"},
      {"{{ 'a' | replace('a') }}", "t.jinja, line 1: the filter replace needs the argument new"},
      {"{% for i in [1] recursive %}{% endfor %}", "t.jinja, line 1: recursive loops are not supported"},
      {"{{ f(*words) }}", "t.jinja, line 1: arguments with * are not supported"},
      {"{% for i in [1] %}{% macro f() %}{% endmacro %}{% endfor %}",
       "t.jinja, line 1: a macro inside of a loop, a block of set, with or generation, or another macro is not "
       "supported"},
      {"{{ strftime_now('%Q') }}", "t.jinja, line 1: strftime_now is given \"%Q\", whose \"%Q\" is not supported"},
      {"{{ namespace(a=1) }}", "t.jinja, line 1: writing a namespace as text is not supported"},
      {"{{ words | map('upper') }}", "t.jinja, line 1: writing a generator as text is not supported"},
      {"{{ words.append('d') }}",
       "t.jinja, line 1: a call needs a value, but a list has no attribute \"append\" (templates must not change "
       "values)"},
      {"{{ '\\N{DASH}' }}",
       "t.jinja, line 1: found the escape \"\\\\N{DAS\" in a string, expected one that names a character by its "
       "number"},
      {"{{ '\\ud83d' }}",
       "t.jinja, line 1: found the escape \"\\\\ud83d\" in a string, expected one that names a character by its "
       "number"},
  });
}

TEST_CASE("what Jinja refuses is an Error, too") {
  check_errors({
      {"\n{{ raise_exception('no \"system\" here') }}",
       "t.jinja, line 2: the template refuses the conversation: \"no \\\"system\\\" here\""},
      {"{{ x.y }}", "t.jinja, line 1: the attribute y needs a value, but \"x\" is undefined"},
      {"{{ x + 1 }}", "t.jinja, line 1: the operator + needs a value, but \"x\" is undefined"},
      {"{{ x() }}", "t.jinja, line 1: a call needs a value, but \"x\" is undefined"},
      {"{{ messages[0].name + 'x' }}",
       "t.jinja, line 1: the operator + needs a value, but a mapping has no attribute \"name\""},
      {"{{ 'a' + 1 }}", "t.jinja, line 1: the operator + does not take a string and an integer"},
      {"{{ none < 1 }}", "t.jinja, line 1: the operator < does not take none and an integer"},
      {"{{ 1 in 'a1' }}", "t.jinja, line 1: the operator in does not take an integer and a string"},
      {"{{ 1 / 0 }}", "t.jinja, line 1: the operator / divides by zero"},
      {"{{ 1 % 0.0 }}", "t.jinja, line 1: the operator % divides by zero"},
      {"{{ n.foo() }}", "t.jinja, line 1: a call needs a value, but an integer has no attribute \"foo\""},
      {"{% for i in 5 %}{% endfor %}", "t.jinja, line 1: a loop does not take an integer"},
      {"{{ words | map('upper') | length }}", "t.jinja, line 1: the filter length does not take a generator"},
      {"{{ none | length }}", "t.jinja, line 1: the filter length does not take none"},
      {"{% set a, b = [1] %}", "t.jinja, line 1: an assignment has 2 names for 1 values"},
      {"{% set d.x = 1 %}", "t.jinja, line 1: found an assignment to d.x, expected a namespace before the dot"},
      {"{{ {[1]: 2} }}", "t.jinja, line 1: a key of a mapping does not take a list"},
      {"{{ x | tojson }}", "t.jinja, line 1: the filter tojson needs a value, but \"x\" is undefined"},
      {"{{ range(1, 2, 0) }}", "t.jinja, line 1: the step of range is 0, expected another integer"},
      {"{{ words[::0] }}", "t.jinja, line 1: the step of a slice is 0, expected another integer"},
      {"{{ 'a'.split('') }}", "t.jinja, line 1: the separator of split is empty, expected characters"},
  });
}

TEST_CASE("integers beyond 64 bits are an Error") {
  check_errors({
      {"{{ 9223372036854775808 }}", "t.jinja, line 1: the number 9223372036854775808 does not fit 64 bits"},
      {"{{ 9223372036854775807 + 1 }}",
       "t.jinja, line 1: the result of 9223372036854775807 + 1 does not fit an integer of 64 bits"},
      {"{{ 2 ** 63 }}", "t.jinja, line 1: the result of 2 ** 63 does not fit an integer of 64 bits"},
      {"{{ 3 ** 1000000000 }}", "t.jinja, line 1: the result of 3 ** 1000000000 does not fit an integer of 64 bits"},
      {"{{ (-9223372036854775807 - 1) // -1 }}",
       "t.jinja, line 1: the result of -9223372036854775808 // -1 does not fit an integer of 64 bits"},
      {"{{ -(-9223372036854775807 - 1) }}",
       "t.jinja, line 1: the result of 0 - -9223372036854775808 does not fit an integer of 64 bits"},
      {"{{ (-9223372036854775807 - 1) | abs }}",
       "t.jinja, line 1: the result of 0 - -9223372036854775808 does not fit an integer of 64 bits"},
  });
  CHECK(litestage::test::rendered("{{ (-9223372036854775807 - 1) % -1 }}").text() == "0");
}

TEST_CASE("a broken template is an Error with its line") {
  check_errors({
      {"{{ n", "t.jinja, line 1: a tag does not end, expected }}"},
      {"a\n{% if n", "t.jinja, line 2: a tag does not end, expected %}"},
      {"{% if n %}\nx", "t.jinja, line 2: found the end of the template, expected {% endif %}"},
      {"{% for i in words %}", "t.jinja, line 1: found the end of the template, expected {% endfor %}"},
      {"{% endif %}", "t.jinja, line 1: the tag {% endif %} is not supported here"},
      {"{% if n %}{% endfor %}{% endif %}", "t.jinja, line 1: the tag {% endfor %} is not supported here"},
      {"{# x", "t.jinja, line 1: a comment does not end, expected #}"},
      {"\n\n{% raw %}\n{{", "t.jinja, line 3: a raw block does not end, expected {% endraw %}"},
      {"{{ 'a }}", "t.jinja, line 1: a string does not end, expected '"},
      {"{{ (1 }}", "t.jinja, line 1: found }, expected )"},
      {"{{ 1) }}", "t.jinja, line 1: found ), expected no bracket"},
      {"{{ }}", "t.jinja, line 1: found }}, expected a value"},
      {"{{ 1 2 }}", "t.jinja, line 1: found 2, expected }}"},
      {"{% set = 1 %}", "t.jinja, line 1: found =, expected a name"},
      {"{% break %}", "t.jinja, line 1: found {% break %} outside of a loop, expected it inside of {% for %}"},
      {"{{ n ! }}", "t.jinja, line 1: found \"!\" in a tag, expected an expression"},
      {"{{ 0x10 }}", "t.jinja, line 1: found \"0x\", expected a decimal number"},
      {"{% %}", "t.jinja, line 1: found %}, expected the word of a tag"},
      {"{{ f(a=1, 2) }}", "t.jinja, line 1: found 2, expected an argument with a name, after others with names"},
      {"{% macro f(a=1, b) %}{% endmacro %}",
       "t.jinja, line 1: found ), expected a default, after other parameters with defaults"},
      {"{{ words[1 2] }}", "t.jinja, line 1: found 2, expected :"},
      {"{{ n | }}", "t.jinja, line 1: found }}, expected a name"},
  });
}
