#include <doctest/doctest.h>

#include "io/text/jinja/rendering.hpp"

// Expected texts are those of Jinja2 3.1.6 with the settings of transformers: a sandbox, trim_blocks, lstrip_blocks,
// loop controls, its own tojson.

TEST_CASE("filters of text") {
  litestage::test::check_rendered({
      {"[{{ '  a \n' | trim }}] [{{ 'xxaxx' | trim('x') }}] [{{ 'xyax' | trim('yx') }}] [{{ '\302\240a\342\200\203' | "
       "trim }}] [{{ 12 | trim }}]",
       "[a] [a] [a] [a] [12]"},
      {"{{ 'aé s' | upper }} {{ 'AÉ' | lower }} {{ 'ΑΒΓ ДЖ' | lower }} {{ 'αβγ дж' | upper }}",
       "AÉ S aé αβγ дж ΑΒΓ ДЖ"},
      {"{{ \"they're bill's (x) a-b [c] {d} <e\" | title }} {{ 'HELLO wORLD' | title }} {{ \"they're\".title() }} {{ "
       "'a1b c' | title }} {{ 'a1b c'.title() }}",
       "They're Bill's (X) A-B [C] {D} <E Hello World They'Re A1b C A1B C"},
      {"{{ 'hELLO wORLD' | capitalize }} {{ '' | capitalize }}", "Hello world "},
      {"{{ 'aXbXc' | replace('X', '-') }} {{ 'aXbXc' | replace('X', '', 1) }} {{ 'abc' | replace('', '.') }} {{ 'aaa' "
       "| replace('aa', 'b') }} {{ 123 | replace(2, 'x') }}",
       "a-b-c abXc .a.b.c. ba 1x3"},
      {"{{ 12 | string + '!' }} {{ none | string }} {{ true | string }} {{ [1] | string }} {{ 'x' | safe }}",
       "12! None True [1] x"},
      {"{{ x | default('d') }} {{ none | default('d') }} {{ '' | default('d') }}| {{ '' | default('d', true) }} {{ "
       "none | d('e', boolean=true) }} {{ x | default }}|",
       "d None | d e |"},
      {"{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent(1, blank=true) }}|{{ 'a\nb\n' | "
       "indent('> ') }}|{{ '' | indent }}|",
       "a\n    b\n\n    c|  a\n  b|a\n \n b|a\n> b\n||"},
      {"{{ '42' | int }} {{ ' 42 ' | int }} {{ '42.9' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 3.9 | int }} {{ "
       "-3.9 | int }} {{ true | int }} {{ none | int }} {{ '-5' | int }} {{ '+5' | int }} {{ '1e2' | int }}",
       "42 42 42 0 7 3 -3 1 0 -5 5 100"},
      {"{{ '1.5' | float }} {{ 'x' | float }} {{ 2 | float }} {{ 'x' | float(1.5) }} {{ '1e3' | float }}",
       "1.5 0.0 2.0 1.5 1000.0"},
      {"{{ -3 | abs }} {{ (-3) | abs }} {{ (-1.5) | abs }}", "3 3 1.5"},
      {"{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 2.4 | round(method='ceil') }} {{ 2.6 | round(0, "
       "'floor') }} {{ 7 | round }} {{ 1.25 | round(1) }}",
       "2.0 4.0 2.67 3.0 2.0 7 1.2"},
      {"{{ 'abc' | length }} {{ 'aé你' | length }} {{ [] | count }} {{ d | length }} {{ x | length }} {{ range(4) | "
       "length }} {{ d.items() | length }}",
       "3 3 0 3 0 4 3"},
      {"{{ 'abc' | first }}{{ 'abc' | last }} {{ [] | first }}|{{ words | first }}{{ words | last }} {{ d | first }}",
       "ac |bc role"},
      {"{{ 'abc' | reverse }} {{ 'aé' | reverse }} {{ 'abc' | list }}", "cba éa ['a', 'b', 'c']"},
      {"{{ n | attr('foo') is defined }} {{ d | attr('role') is defined }} {{ 'abc' | attr('upper') is defined }}",
       "False False True"},
  });
}

TEST_CASE("filters of lists and mappings") {
  litestage::test::check_rendered({
      {"{{ words | join }} {{ words | join('-') }} {{ [1, none, true] | join(',') }} {{ messages | join('/', "
       "attribute='role') }} {{ 'abc' | join('.') }} {{ [] | join(',') }}|{{ x | join(',') }}|{{ [1, 2] | join(0) }}",
       "bAc b-A-c 1,None,True system/user/assistant/user a.b.c ||102"},
      {"{{ messages | map(attribute='role') | list }} {{ [{'a': {'b': 1}}, {}] | map(attribute='a', default='z') | "
       "list }} {{ [{'a': {'b': 1}}] | map(attribute='a.b') | list }} {{ [[1, 2]] | map(attribute=1) | list }} {{ [[1, "
       "2]] | map(attribute='1') | list }}",
       "['system', 'user', 'assistant', 'user'] [{'b': 1}, 'z'] [1] [2] [2]"},
      {"{{ words | map('upper') | join }} {{ ['a ', ' b'] | map('trim') | list }} {{ ['a-b'] | map('replace', '-', "
       "'+') | list }} {{ [1.234] | map('round', precision=1) | list }}",
       "BAC ['a', 'b'] ['a+b'] [1.2]"},
      {"{{ [0, 1, '', 'a'] | select | list }} {{ [1, 2, 3] | select('odd') | list }} {{ [1, 2, 3] | "
       "reject('divisibleby', 2) | list }} {{ [1, 2, 3] | select('>', 1) | list }} {{ [1, 2, 3] | select('in', [1, 3]) "
       "| list }} {{ words | reject('equalto', 'A') | list }} {{ [0, 1] | reject | list }} {{ [1, 'a'] | "
       "select('string') | list }}",
       "[1, 'a'] [1, 3] [1, 3] [2, 3] [1, 3] ['b', 'c'] [0] ['a']"},
      {"{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | list }} {{ messages | "
       "rejectattr('role', '==', 'user') | list | length }} {{ messages | selectattr('nothing') | list }} {{ messages "
       "| selectattr('nothing', 'undefined') | list | length }} {{ messages | rejectattr('role', 'in', ['user', "
       "'system']) | map(attribute='role') | join }} {{ [{'f': {'n': 'x'}}] | selectattr('f.n', 'eq', 'x') | list | "
       "length }}",
       "['Q1', 'Q2 é'] 2 [] 4 assistant 1"},
      {"{{ words | sort }} {{ words | sort(case_sensitive=true) }} {{ words | sort(reverse=true) }} {{ [3, 1, 2] | "
       "sort }} {{ messages | sort(attribute='role') | map(attribute='role') | join(',') }} {{ [[2, 'a'], [1, 'b'], "
       "[2, 'c']] | sort(attribute=0, reverse=true) }}",
       "['A', 'b', 'c'] ['A', 'b', 'c'] ['c', 'b', 'A'] [1, 2, 3] assistant,system,user,user [[2, 'a'], [2, 'c'], [1, "
       "'b']]"},
      {"{{ ['b', 'B', 'a'] | unique | list }} {{ ['b', 'B'] | unique(true) | list }} {{ messages | "
       "unique(attribute='role') | map(attribute='role') | list }} {{ [1, 1.0, true, 2] | unique | list }}",
       "['b', 'a'] ['b', 'B'] ['system', 'user', 'assistant'] [1, 2]"},
      {"{{ [1, 2, 3] | reverse | list }} {{ (1, 2) | reverse | list }} {{ [1, 2] | map('string') | reverse | list }}",
       "[3, 2, 1] [2, 1] ['2', '1']"},
      {"{{ d | items | list }} {{ x | items | list }} {{ d | items | map('first') | join(',') }}",
       "[('role', 'r'), ('items', 3), ('b', [1, 2])] [] role,items,b"},
      {"{{ {'b': 1, 'A': 3, 'c': 2} | dictsort }} {{ {'b': 1, 'A': 3} | dictsort(true) }} {{ {'b': 1, 'A': 3} | "
       "dictsort(by='value', reverse=true) }}",
       "[('A', 3), ('b', 1), ('c', 2)] [('A', 3), ('b', 1)] [('A', 3), ('b', 1)]"},
      {"{{ [3, 1, 2] | min }}{{ [3, 1, 2] | max }}{{ [] | max }}| {{ words | max }} {{ [{'a': 2}, {'a': 5}] | "
       "max(attribute='a') }}",
       "13| c {'a': 5}"},
      {"{{ [1, 2, 3] | sum }} {{ [{'a': 2}, {'a': 5}] | sum(attribute='a') }} {{ [[1], [2]] | sum(start=[]) }}",
       "6 7 [1, 2]"},
      {"{{ range(5) | batch(2) | list }} {{ range(3) | batch(2, 'x') | list }}",
       "[[0, 1], [2, 3], [4]] [[0, 1], [2, 'x']]"},
      {"{{ d | list }} {{ pair | list }} {{ d.values() | list }} {{ x | list }} {{ range(3) | list }}",
       "['role', 'items', 'b'] ['x', 1] ['r', 3, [1, 2]] [] [0, 1, 2]"},
  });
}

TEST_CASE("tojson") {
  litestage::test::check_rendered({
      {"{{ messages[0] | tojson }} {{ [1, 2.5, true, none, 'a\"\\\\b\\n\\t/é\\x01<&'] | tojson }} {{ {} | tojson }}{{ "
       "[] | tojson }}",
       "{\"role\": \"system\", \"content\": \" S \"} [1, 2.5, true, null, \"a\\\"\\\\b\\n\\t/é\\u0001<&\"] {}[]"},
      {"{{ d | tojson(indent=4) }}",
       "{\n    \"role\": \"r\",\n    \"items\": 3,\n    \"b\": [\n        1,\n        2\n    ]\n}"},
      {"{{ {'a': [], 'b': {}, 'c': [1]} | tojson(indent=2) }}",
       "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1\n  ]\n}"},
      {"{{ {'a': 'é😀'} | tojson(ensure_ascii=true) }} {{ [1, {'a': 2}] | tojson(separators=(',', ':')) }} {{ {'b': 1, "
       "'a': 2} | tojson(sort_keys=true) }} {{ [1] | tojson(indent='>') }}",
       "{\"a\": \"\\u00e9\\ud83d\\ude00\"} [1,{\"a\":2}] {\"a\": 2, \"b\": 1} [\n>1\n]"},
      {"{{ pair | tojson }} {{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }} {{ 'x' | tojson }} {{ 1e20 | tojson }} {{ "
       "-0.5 | tojson }} {{ none | tojson }}",
       "[\"x\", 1] {\"1\": 4, \"null\": 3, \"1.5\": 5} \"x\" 1e+20 -0.5 null"},
      {"{{ {'a': {'b': [1, 2]}} | tojson(indent=1, separators=(', ', ' = ')) }}",
       "{\n \"a\" = {\n  \"b\" = [\n   1, \n   2\n  ]\n }\n}"},
  });
}

TEST_CASE("printing follows Python") {
  litestage::test::check_rendered({
      {"{{ none }} {{ true }} {{ false }} {{ 1.0 }} {{ [1, 'a', none, true, 1.5, [2], (3,), {'k': 'v'}] }} {{ (1, 2) "
       "}} {{ {} }} {{ '' }}|",
       "None True False 1.0 [1, 'a', None, True, 1.5, [2], (3,), {'k': 'v'}] (1, 2) {} |"},
      {"{{ ['it\\'s', 'say \"x\"', 'both \\' \"', 'a\\nb\\t\\\\', 'é你', '\\x00\\x1f\\x7f\\x85', "
       "'\\u200b\\xad\\ufeff'] }}",
       "[\"it's\", 'say \"x\"', 'both \\' \"', 'a\\nb\\t\\\\', 'é你', '\\x00\\x1f\\x7f\\x85', '\\u200b\\xad\\ufeff']"},
      {"{{ [x] }} {{ [undefined_name] }}", "[Undefined] [Undefined]"},
      {"{{ {'a': [1, {'b': none}]} | string }}", "{'a': [1, {'b': None}]}"},
      {"{{ d }} {{ messages[1] }}", "{'role': 'r', 'items': 3, 'b': [1, 2]} {'role': 'user', 'content': 'Q1'}"},
      {"{{ [''] }} {{ ('a',) }} {{ [1e100, -0.0, 12345678901234567890.0] }}",
       "[''] ('a',) [1e+100, -0.0, 1.2345678901234567e+19]"},
  });
}

TEST_CASE("map and select take what is false for an empty list") {
  litestage::test::check_rendered({
      {"{{ none | map('upper') | list }}{{ none | selectattr('x') | list }}{{ false | reject | list }}{{ x | "
       "map(attribute='a') | list }}{% if tools | selectattr('a') %}y{% endif %}",
       "[][][][]y"},
  });
}
