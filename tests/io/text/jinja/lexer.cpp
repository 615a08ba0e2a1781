#include <doctest/doctest.h>

#include "io/text/jinja/rendering.hpp"

// Expected texts are those of Jinja2 3.1.6 with the settings of transformers: a sandbox, trim_blocks, lstrip_blocks,
// loop controls, its own tojson.

TEST_CASE("white space around tags: trim_blocks and lstrip_blocks") {
  litestage::test::check_rendered({
      {"a\n  {% if true %}\nb\n  {% endif %}\nc", "a\nb\nc"},
      {"a {% if true %} b {% endif %} c", "a  b  c"},
      {"  {% if true %}x{% endif %}", "x"},
      {"\t {% if true %}x{% endif %}\n\n y", "x\n y"},
      {"a\n  {{ n }}\n b", "a\n  7\n b"},
      {"  {{ n }}", "  7"},
      {"a\n  {%+ if true %}\nb{% endif +%}\nc", "a\n  b\nc"},
      {"a \n {%- if true -%} \n b \n {%- endif -%} \n c", "abc"},
      {"a \n {{- n -}} \n b", "a7b"},
      {"a{{+ n }}\nb", "a7\nb"},
      {"x\n  {# c #}\ny", "x\ny"},
      {"x {# c #} y", "x  y"},
      {"x \n {#- c -#} \n y", "xy"},
      {"x\n {#+ c +#}\ny", "x\n \ny"},
      {"{# {{ not read }} {% if %} #}z", "z"},
      {"{#-#}z{##}", "z"},
      {"a\302\240\n\342\200\203{%- if true %}b{% endif -%}\343\200\200\nc", "abc"},
      {"one\r\n  {% if true %}\r\ntwo\r{% endif %}\r\nthree\r\n", "one\ntwo\nthree"},
      {"{% if true %}\n\nx{% endif %}\n", "\nx"},
      {"end\n", "end"},
      {"end\n\n", "end\n"},
      {"\n", ""},
      {"", ""},
      {"{{ n }}\n", "7"},
      {"{% if true %}  {% if true %}x{% endif %}  {% endif %}", "  x  "},
      {"{%if true%}x{%endif%}", "x"},
      {"{% for i in range(3) %}\n  {{ i }}\n{% endfor %}\n", "  0\n  1\n  2\n"},
      {"{% for i in range(3) -%}\n  {{ i }}\n{%- endfor %}\n.", "012."},
      {"{ {n} } {% raw %}{{ n }}{% endraw %}", "{ {n} } {{ n }}"},
  });
}

TEST_CASE("raw blocks are text") {
  litestage::test::check_rendered({
      {"{% raw %}{{ n }}{% if %}{% endraw %}", "{{ n }}{% if %}"},
      {"a\n  {% raw %}\n  {{ n }}\n  {% endraw %}\nb", "a\n\n  {{ n }}\nb"},
      {"a \n {%- raw -%} \n {{ n }} \n {%- endraw -%} \n b", "a{{ n }}b"},
      {"{% raw %}{% endraw %}", ""},
      {"{%raw%}{%{%endraw%}x", "{%x"},
      {"{% raw %} {% end raw %} {% endraw +%}\nx", " {% end raw %} \nx"},
  });
}

TEST_CASE("tokens inside of tags") {
  litestage::test::check_rendered({
      {"{{ 'a\\n\\t\\\\\\'\\\"b' }}", "a\n\t\\'\"b"},
      {"{{ \"a\\x41\\u00e9\\U0001F600\\101\\q\" }}", "aAé😀A\\q"},
      {"{{ 'a\\\nb' }}", "ab"},
      {"{{ 'a' 'b' \"c\" }}", "abc"},
      {"{{ 'a\nb' }}", "a\nb"},
      {"{{ 'a\r\nb' }}", "a\nb"},
      {"{{ 1_000 }} {{ 1.5 }} {{ 1e3 }} {{ 1_0.2_5e-1 }} {{ 0 }}", "1000 1.5 1000.0 1.025 0"},
      {"{{ {'a': {'b': 1}}.a.b }}", "1"},
      {"{{ {'a': {'b': 1}}}}", "{'a': {'b': 1}}"},
      {"{{[[1],[2]][1][0]}}", "2"},
      {"{{ (1,)[0] }}", "1"},
      {"{{ '}}' }}{{ '%}' }}", "}}%}"},
      {"{{ 7//2 }} {{ 2**3 }} {{ 1<2 }} {{ 1>=2 }} {{ 1!=2 }} {{ 1==1 }}", "3 8 True False True True"},
      {"{{ -1 }}{{ - 1 }}{{ 1-1 }}", "-1-10"},
      {"{{ d.b.1 }} {{ [[1,2]].0.1 }}", "2 2"},
      {"{{-5}}", "5"},
      {"{{ 1 -}} \n x", "1x"},
  });
}
