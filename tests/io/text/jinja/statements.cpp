#include <doctest/doctest.h>

#include "io/text/jinja/rendering.hpp"

// Expected texts are those of Jinja2 3.1.6 with the settings of transformers: a sandbox, trim_blocks, lstrip_blocks,
// loop controls, its own tojson.

TEST_CASE("set in a loop does not leak, in an if it does; namespaces do") {
  litestage::test::check_rendered({
      {"{% set a = 1 %}{% for i in [1, 2] %}{{ a }}{% set a = 5 %}{{ a }}{% endfor %}{{ a }}", "15151"},
      {"{% if true %}{% set a = 1 %}{% endif %}{{ a }}", "1"},
      {"{% set ns = namespace(a=1, b='x') %}{% for i in [1, 2] %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ "
       "ns.b }}{{ ns.c is defined }}",
       "4xFalse"},
      {"{% set ns = namespace() %}{% set ns.x = [1] %}{{ ns.x }}", "[1]"},
      {"{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a + ns.b }}", "3"},
      {"{% set a, b = 1, 2 %}{{ b }}{{ a }}", "21"},
      {"{% set a, b = pair %}{{ a }}{{ b }}", "x1"},
      {"{% set a = 1, 2 %}{{ a }}", "(1, 2)"},
      {"{% set (a, b) = [3, 4] %}{{ a }}{{ b }}", "34"},
      {"{% for i in [1] %}{% for j in [2] %}{% set k = i + j %}{{ k }}{% endfor %}{{ k is defined }}{% endfor %}",
       "3False"},
      {"{% set x %} a {{ n }}\n b {% endset %}[{{ x }}]", "[ a 7\n b ]"},
      {"{% set x | trim | upper %} a {% endset %}[{{ x }}]", "[A]"},
      {"{% set x %}{% set y = 1 %}{% endset %}{{ y is defined }}", "False"},
      {"{% filter upper %}a{{ 'b' }}{% endfilter %}c", "ABc"},
      {"{% with a = 1, b = n %}{{ a }}{{ b }}{% set c = 2 %}{% endwith %}{{ a is defined }}{{ c is defined }}",
       "17FalseFalse"},
      {"{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}", "211"},
      {"{% generation %}{{ n }}{% set a = 1 %}{% endgeneration %}{{ a is defined }}", "7False"},
  });
}

TEST_CASE("loops") {
  litestage::test::check_rendered({
      {"{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first "
       "}}{{ loop.last }}{{ loop.length }} {% endfor %}",
       "1043TrueFalse4 2132FalseFalse4 3221FalseFalse4 4310FalseTrue4 "},
      {"{% for c in 'aé' %}[{{ c }}]{% endfor %}", "[a][é]"},
      {"{% for k in d %}{{ k }},{% endfor %}{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for k, v in d | "
       "items %}{{ k }}{% endfor %}",
       "role,items,b,role=r;items=3;b=[1, 2];roleitemsb"},
      {"{% for i in empty %}x{% else %}none{% endfor %}", "none"},
      {"{% for i in x %}x{% else %}none{% endfor %}", "none"},
      {"{% for i in [1] %}x{% else %}none{% endfor %}", "x"},
      {"{% for i in range(10) if i is odd %}{{ i }}{{ ',' if not loop.last }}{% endfor %}", "1,3,5,7,9"},
      {"{% for i in range(10) if i > 3 %}{{ loop.index }}:{{ loop.length }} {% else %}e{% endfor %}",
       "1:6 2:6 3:6 4:6 5:6 6:6 "},
      {"{% for i in range(3) if i > 5 %}x{% else %}e{% endfor %}", "e"},
      {"{% for i in range(5) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}.", "012."},
      {"{% for i in range(5) %}{% if i % 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}.", "024."},
      {"{% for i in range(3) %}{% for j in range(3) %}{% if j == 1 %}{% break %}{% endif %}{{ i }}{{ j }} {% endfor "
       "%}{{ loop.index }};{% endfor %}",
       "00 1;10 2;20 3;"},
      {"{% for i in range(3) %}{% set outer = loop %}{% for j in range(2) %}{{ outer.index }}{{ loop.index }} {% "
       "endfor %}{% endfor %}",
       "11 12 21 22 31 32 "},
      {"{% for w in words %}{{ loop.previtem }}<{{ w }}>{{ loop.nextitem }} {% endfor %}", "<b>A b<A>c A<c> "},
      {"{% for w in words %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}",
       "FalseTrue TrueTrue TrueFalse "},
      {"{% for i in range(4) %}{{ loop.cycle('a', 'b') }}{% endfor %}", "abab"},
      {"{% for a, b in [(1, 2), [3, 4]] %}{{ a }}{{ b }} {% endfor %}", "12 34 "},
      {"{% for (a, b) in [(1, 2)] %}{{ b }}{% endfor %}", "2"},
      {"{% for i in 1, 2, 3 %}{{ i }}{% endfor %}", "123"},
      {"{% for i in [3, 1] if i %}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}", "1010"},
      {"{{ loop is defined }}{% for i in [1] %}{{ loop is defined }}{% endfor %}{{ i is defined }}", "FalseTrueFalse"},
      {"{% set ns = namespace(found=false) %}{% for m in messages[::-1] if not ns.found %}{% if m.role == 'assistant' "
       "%}{% set ns.found = true %}{% endif %}{{ m.role[0] }}{% endfor %}",
       "ua"},
      {"{% set ns = namespace(found=false) %}{% for m in messages if not ns.found %}{{ loop.last }}{% set ns.found = "
       "true %}{% endfor %}",
       "FalseTrue"},
      {"{% set seen = false %}{% for m in messages if not seen %}{% set seen = true %}{{ loop.last }}{% endfor %}",
       "FalseFalseFalseTrue"},
      {"{% for m in messages %}{% if loop.first %}F{% elif loop.last %}L{% else %}-{% endif %}{% endfor %}", "F--L"},
      {"{% for i in range(2, 8, 3) %}{{ i }}{% endfor %}{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}{{ range(0) | "
       "list }}",
       "25321[]"},
      {"{% for m in messages %}{% if messages[loop.index0 - 1].role == 'user' %}{{ loop.index0 }}{% endif %}{% endfor "
       "%}",
       "02"},
      {"{% for m in messages if m.role != 'system' %}{{ m.role }}{{ loop.index }} {% endfor %}",
       "user1 assistant2 user3 "},
      {"{% for t in tools or [] %}x{% endfor %}.", "."},
      {"{% for k, v in {'b': 1, 'a': 2}.items() if v > 1 %}{{ k }}{% endfor %}", "a"},
      {"{% set l = (1, 2) %}{% for i in l %}{% set l = 3 %}{{ i }}{{ l }}{% endfor %}{{ l }}", "1323(1, 2)"},
  });
}

TEST_CASE("macros") {
  litestage::test::check_rendered({
      {"{% macro f(a, b=2, c=a) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ f(1) }}{{ f(1, c=3) }}{{ f(b=5, a=4) }}",
       "[121][123][454]"},
      {"{% macro f(a) %}{{ a is defined }}{% endmacro %}{{ f() }}", "False"},
      {"{% set g = 1 %}{% macro f() %}{{ g }}{% endmacro %}{{ f() }}", "1"},
      {"{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "3210"},
      {"{% macro f(x) %}{% set y = x %}{{ y }}{% endmacro %}{% for i in [1, 2] %}{{ f(i) }}{% endfor %}{{ y is defined "
       "}}",
       "12False"},
      {"{% macro f() %}  a {% endmacro %}[{{ f() | trim }}]{{ f() is string }}", "[a]True"},
      {"{% macro f(i) %}{% for j in range(i) %}{{ j }}{% endfor %}{% endmacro %}{{ f(3) ~ f(2) }}", "01201"},
      {"{% macro f() %}x{% endmacro %}{{ f is callable }}", "True"},
  });
}

TEST_CASE("conditions: what is true") {
  litestage::test::check_rendered({
      {"{% if '' %}1{% endif %}{% if ' ' %}2{% endif %}{% if 0 %}3{% endif %}{% if 0.0 %}4{% endif %}{% if [] %}5{% "
       "endif %}{% if [0] %}6{% endif %}{% if {} %}7{% endif %}{% if none %}8{% endif %}{% if x %}9{% endif %}{% if d "
       "%}a{% endif %}{% if range(0) %}b{% endif %}{% if () %}c{% endif %}",
       "26a"},
      {"{% if messages | selectattr('role', 'equalto', 'tool') %}always{% endif %}{% if messages | selectattr('role', "
       "'equalto', 'tool') | list %}never{% endif %}",
       "always"},
      {"{% if namespace() %}a{% endif %}{% if range %}b{% endif %}", "ab"},
      {"{% if d.items() %}a{% endif %}{% if {}.items() %}b{% endif %}", "a"},
      {"{% if n == 7 %}a{% elif n == 8 %}b{% else %}c{% endif %}{% if n == 8 %}a{% elif n == 7 %}b{% else %}c{% endif "
       "%}{% if n == 8 %}a{% elif n == 9 %}b{% else %}c{% endif %}",
       "abc"},
      {"{% set g = words | map('upper') %}{{ g | join }}{{ g | join }}", "BAC"},
  });
}
