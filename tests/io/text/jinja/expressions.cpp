#include <doctest/doctest.h>

#include "io/text/jinja/rendering.hpp"

// Expected texts are those of Jinja2 3.1.6 with the settings of transformers: a sandbox, trim_blocks, lstrip_blocks,
// loop controls, its own tojson.

TEST_CASE("filters bind tighter than operators, and `not x is defined` is a negation") {
  litestage::test::check_rendered({
      {"{{ 'a ' + 'b ' | trim + '.' }}", "a b."},
      {"{{ ('a ' + 'b ') | trim + '.' }}", "a b."},
      {"{{ not x is defined }} {{ not n is defined }}", "True False"},
      {"{{ n is defined and not flag }}", "True"},
      {"{{ -n | abs }}", "7"},
      {"{{ (-n) | abs }}", "7"},
      {"{{ 'x' ~ 1 + 2 ~ 'y' }}", "x12y"},
      {"{{ 1 ~ 2 * 3 }}", "16"},
      {"{{ 2 + 3 * 4 ** 2 }}", "50"},
      {"{{ 2 ** 3 ** 2 }}", "64"},
      {"{{ -2 ** 2 }}", "4"},
      {"{{ 10 - 2 - 3 }}", "5"},
      {"{{ 20 / 2 / 5 }}", "2.0"},
      {"{{ 7 % 4 * 2 }}", "6"},
      {"{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1 != 2 }}", "True False True"},
      {"{{ not true or true }}", "True"},
      {"{{ true or false and false }}", "True"},
      {"{{ 1 in [1] and 2 not in [1] }}", "True"},
      {"{{ not 1 in [2] }}", "True"},
      {"{{ 'a' in 'abc' and not 'x' in 'abc' }}", "True"},
      {"{{ n is not none }} {{ n is not divisibleby 2 }} {{ n is divisibleby 7 }} {{ n is divisibleby(3) }}",
       "True True True False"},
      {"{{ (n is string) or n is integer }}", "True"},
      {"{{ 'yes' if n == 7 }}{{ 'no' if n == 8 }}|{{ 'a' if flag else 'b' if n else 'c' }}", "yes|b"},
      {"{{ ('a' if flag) is defined }}", "False"},
      {"{{ [1, 2] | length + 1 }}", "3"},
      {"{{ words[0] | upper ~ words[1] | lower }}", "Ba"},
      {"{{ messages[1].content + ('!' if n else '') }}", "Q1!"},
      {"{{ 1, 2 }} {{ (1) }} {{ () }} {{ (1,) }}", "(1, 2) 1 () (1,)"},
      {"{{ true and 'x' }} {{ '' or 'y' }} {{ none or 0 }} {{ 0 and 1 }}", "x y 0 0"},
      {"{{ + n }}", "7"},
      {"{{ n if n is defined else 0 }}", "7"},
      {"{{ 1 if n is defined and n > 3 else 2 }}", "1"},
      {"{{ (messages | last).content }}", "Q2 é"},
      {"{{ messages | map(attribute='role') | join(',') | upper }}", "SYSTEM,USER,ASSISTANT,USER"},
      {"{{ (1 == 1) != (n % 2 == 0) }}", "True"},
      {"{{ none is none }} {{ None is none }} {{ True }} {{ true is true }} {{ 1 is true }} {{ false is false }}",
       "True True True True False True"},
  });
}

TEST_CASE("arithmetic and comparisons are those of Python") {
  litestage::test::check_rendered({
      {"{{ 7 / 2 }} {{ 6 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 // -2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ -6 % 3 }}",
       "3.5 3.0 3 -4 -4 2 -2 0"},
      {"{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 7.5 % -2 }} {{ 1.0 + 1 }} {{ half * 4 }}", "3.0 0.5 -0.5 2.0 2.0"},
      {"{{ 2 ** -1 }} {{ 2 ** 62 }} {{ (-2) ** 3 }} {{ 1 ** 1000 }} {{ (-1) ** 1001 }} {{ 0 ** 0 }} {{ 2.0 ** 0.5 }}",
       "0.5 4611686018427387904 -8 1 -1 1 1.4142135623730951"},
      {"{{ true + true }} {{ 3 * true }} {{ -true }} {{ true == 1 }} {{ 1 == 1.0 }}", "2 3 -1 True True"},
      {"{{ 'ab' * 3 }} {{ 2 * 'x' }} {{ 'x' * 0 }} {{ 'x' * -1 }} {{ [1] * 2 }}", "ababab xx   [1, 1]"},
      {"{{ [1] + [2, 3] }} {{ (1,) + (2,) }}", "[1, 2, 3] (1, 2)"},
      {"{{ 'a' < 'b' }} {{ 'a' < 'B' }} {{ 'é' > 'z' }} {{ 'ab' < 'abc' }} {{ [1, 2] < [1, 3] }} {{ [1] < [1, 0] }}",
       "True False True True True True"},
      {"{{ [1, 2] == [1, 2] }} {{ (1, 2) == [1, 2] }} {{ {'a': 1} == {'a': 1.0} }} {{ {'a': 1, 'b': 2} == {'b': 2, "
       "'a': 1} }} {{ 'a' == 1 }} {{ none == false }} {{ none == none }} {{ x == y }} {{ x == none }} {{ x == '' }}",
       "True False True True False False True True False False"},
      {"{{ 2 in [1, 2.0] }} {{ 'a' in {'a': 1} }} {{ 1 in {'a': 1} }} {{ '' in 'abc' }} {{ 'role' in d }} {{ 3 in "
       "range(5) }} {{ 'b' in words }} {{ 1 in x }} {{ 'r' in d.values() }}",
       "True True False True True True True False True"},
      {"{{ 9223372036854775807 }} {{ -9223372036854775807 - 1 }} {{ 9223372036854775807 + 0 }}",
       "9223372036854775807 -9223372036854775808 9223372036854775807"},
      {"{{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e15 }} {{ 123456789.125 }} {{ 0.0001 }} {{ 0.00001 }} {{ -0.0 }} {{ 1.5e300 }} "
       "{{ 5e-324 }} {{ 100.0 }}",
       "0.30000000000000004 1e+16 1000000000000000.0 123456789.125 0.0001 1e-05 -0.0 1.5e+300 5e-324 100.0"},
      {"{{ 10 == '10' }} {{ 3 >= 3.0 }} {{ 3 <= 2 }} {{ 1 != 1 }} {{ 3 > 2 }}", "False True False False True"},
  });
}

TEST_CASE("subscripts and slices") {
  litestage::test::check_rendered({
      {"{{ messages[0].role }} {{ messages[0]['role'] }} {{ messages[-1].role }} {{ messages | length }}",
       "system system user 4"},
      {"{{ messages[9] is defined }} {{ messages[9] }}|{{ messages[-5] }}", "False |"},
      {"{{ d.items is defined }} {{ d['items'] }} {{ d.role }} {{ d.nothing is defined }} {{ d['nothing'] is defined "
       "}}",
       "True 3 r False False"},
      {"{{ d.items() | list }}", "[('role', 'r'), ('items', 3), ('b', [1, 2])]"},
      {"{{ d['keys'] is defined }} {{ d['keys']() | list }}", "True ['role', 'items', 'b']"},
      {"{{ 'abc'[1] }} {{ 'abc'[-1] }} {{ 'aéz'[1] }} {{ 'abc'[5] }}", "b c é "},
      {"{{ 'abcdef'[1:4] }} {{ 'abcdef'[:-2] }} {{ 'abcdef'[-2:] }} {{ 'abcdef'[::2] }} {{ 'abcdef'[::-1] }} {{ "
       "'abcdef'[4:1:-1] }} {{ 'aé你z'[1:3] }} {{ 'abc'[5:] }} {{ 'abc'[:] }} {{ 'abc'[-9:2] }}",
       "bcd abcd ef ace fedcba edc é你  abc ab"},
      {"{{ [1,2,3,4][1:] }} {{ [1,2,3][::-1] }} {{ (1,2,3)[:2] }} {{ [1,2,3][-9:] }} {{ [1,2,3][2:0:-1] }} {{ "
       "[1,2,3][:0] }} {{ range(5)[1:3] | list }} {{ range(4)[-1] }}",
       "[2, 3, 4] [3, 2, 1] (1, 2) [1, 2, 3] [3, 2] [] [1, 2] 3"},
      {"{% for m in messages[::-1] %}{{ m.role[0] }}{% endfor %}", "uaus"},
      {"{% for m in messages[1:] %}{{ loop.index0 }}{{ m.role }} {% endfor %}", "0user 1assistant 2user "},
      {"{{ pair[0] }}{{ pair.1 }} {{ pair | length }}", "x1 2"},
      {"{{ none.foo is defined }} {{ n.foo is defined }} {{ 'a'.foo is defined }} {{ words.foo is defined }}",
       "False False False False"},
      {"{{ x is defined }} {{ x }}|{{ x | default('d') }}", "False |d"},
      {"{{ {'a': {'b': [10, 20]}}.a.b[1] }} {{ {1: 'one', true: 'b'}[1] }} {{ {2: 'two', 'x': 3}[2] }}", "20 b two"},
      {"{{ {'a': 1, 'a': 2} }}", "{'a': 2}"},
      {"{{ messages.0.role }}", "system"},
      {"{{ words['upper'] is defined }} {{ 'x'['upper']() }}", "False X"},
  });
}

TEST_CASE("remainders and quotients of real numbers") {
  litestage::test::check_rendered({
      {"{{ 1 // 0.1 }} {{ 1 % 0.1 }} {{ -1 // 0.1 }} {{ 7.5 // -2 }} {{ 5.0 % 3 }} {{ 0.3 // 0.1 }}",
       "9.0 0.09999999999999995 -10.0 -4.0 2.0 2.0"},
  });
}
