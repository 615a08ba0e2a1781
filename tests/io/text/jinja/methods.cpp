#include <doctest/doctest.h>

#include "io/text/jinja/rendering.hpp"

// Expected texts are those of Jinja2 3.1.6 with the settings of transformers: a sandbox, trim_blocks, lstrip_blocks,
// loop controls, its own tojson.

TEST_CASE("methods of strings") {
  litestage::test::check_rendered({
      {"[{{ ' a '.strip() }}][{{ ' a '.lstrip() }}][{{ ' a '.rstrip() }}][{{ 'xyaxy'.strip('xy') }}][{{ "
       "'aab'.lstrip('a') }}][{{ 'baa\\n'.rstrip('a\\n') }}][{{ 'a'.strip(none) }}][{{ '   '.strip() }}][{{ '   "
       "'.rstrip() }}][{{ '   '.lstrip() }}]",
       "[a][a ][ a][a][b][b][a][][][]"},
      {"{{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ ' a  b c '.split() }} {{ ' a  b c '.split(none, 1) }} "
       "{{ ''.split(',') }} {{ ''.split() }} {{ 'abc'.split('x') }} {{ 'a--b'.split('--') }} {{ 'a,b,c'.rsplit(',', 1) "
       "}} {{ 'a,b'.rsplit(',') }} {{ 'a b'.split(maxsplit=1) }} {{ 'a,b,c'.split(',', maxsplit=0) }} {{ "
       "'aaa'.rsplit('a', 1) }} {{ 'x</think>y</think>z'.split('</think>')[-1] }} {{ "
       "'x</think>y'.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') }}",
       "['a', 'b', '', 'c'] ['a', 'b,c'] ['a', 'b', 'c'] ['a', 'b c '] [''] [] ['abc'] ['a', 'b'] ['a,b', 'c'] ['a', "
       "'b'] ['a', 'b'] ['a,b,c'] ['aa', ''] z x"},
      {"{{ 'a\\nb\\r\\nc\\n'.splitlines() }} {{ 'a\\nb'.splitlines(true) }} {{ ''.splitlines() }} {{ "
       "'\\n\\n'.splitlines() }}",
       "['a', 'b', 'c'] ['a\\n', 'b'] [] ['', '']"},
      {"{{ 'abc'.startswith('ab') }} {{ 'abc'.startswith('b') }} {{ 'abc'.endswith('bc') }} {{ 'abc'.startswith(('x', "
       "'a')) }} {{ 'abc'.endswith(('x', 'y')) }} {{ ''.startswith('') }}",
       "True False True True False True"},
      {"{{ 'aXb'.upper() }}{{ 'aXb'.lower() }}{{ 'hello world'.title() }}{{ 'hELLO'.capitalize() }}",
       "AXBaxbHello WorldHello"},
      {"{{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '-', 1) }} {{ 'abc'.replace('b', '') }}", "a-b- a-bX ac"},
      {"{{ 'abcb'.find('b') }} {{ 'abcb'.rfind('b') }} {{ 'abc'.find('x') }} {{ 'éb'.find('b') }} {{ "
       "'abab'.count('ab') }} {{ 'aaa'.count('aa') }} {{ 'abc'.count('') }}",
       "1 3 -1 1 2 1 4"},
      {"{{ ', '.join(['a', 'b']) }} {{ ''.join('abc') }} {{ '-'.join([]) }}|", "a, b abc |"},
      {"{{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x'.removeprefix('y') }} {{ 'x.txt'.removesuffix('.txt') }}",
       "x x x"},
      {"{{ 'a=b=c'.partition('=') }} {{ 'a'.partition('=') }}", "('a', '=', 'b=c') ('a', '', '')"},
      {"{{ '12'.isdigit() }} {{ '1a'.isdigit() }} {{ ''.isdigit() }} {{ 'ab'.isalpha() }} {{ 'a1'.isalnum() }} {{ ' "
       "\\n'.isspace() }} {{ 'AB1'.isupper() }} {{ 'aB'.islower() }} {{ '1'.isupper() }}",
       "True False False True True True True False False"},
  });
}

TEST_CASE("methods of lists and mappings") {
  litestage::test::check_rendered({
      {"{{ d.get('role') }} {{ d.get('x') }} {{ d.get('x', 'y') }} {{ d.keys() | list }} {{ d.values() | list }} {{ "
       "d.items() | list }}",
       "r None y ['role', 'items', 'b'] ['r', 3, [1, 2]] [('role', 'r'), ('items', 3), ('b', [1, 2])]"},
      {"{{ [1, 2, 1].count(1) }} {{ ['a', 'b'].index('b') }}", "2 1"},
      {"{% for k, v in d.items() %}{{ k }}{{ v }}{% endfor %}", "roleritems3b[1, 2]"},
      {"{{ d.copy() == d }}", "True"},
      {"{{ {'get': 1}['get'] }} {{ {'x': none}.get('x', 5) }}", "1 None"},
      {"{{ dict(a=1, b=2) }} {{ dict({'x': 1}, y=2) }} {{ dict() }}", "{'a': 1, 'b': 2} {'x': 1, 'y': 2} {}"},
  });
}
