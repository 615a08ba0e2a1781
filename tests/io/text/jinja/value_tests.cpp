#include <doctest/doctest.h>

#include "io/text/jinja/rendering.hpp"

// Expected texts are those of Jinja2 3.1.6 with the settings of transformers: a sandbox, trim_blocks, lstrip_blocks,
// loop controls, its own tojson.

TEST_CASE("tests") {
  litestage::test::check_rendered({
      {"{{ x is defined }} {{ n is defined }} {{ x is undefined }} {{ none is defined }} {{ d.role is defined }}",
       "False True True True True"},
      {"{{ none is none }} {{ x is none }} {{ 0 is none }} {{ tools is none }}", "True False False True"},
      {"{{ 'a' is string }} {{ 1 is string }} {{ [1] is string }} {{ x is string }}", "True False False False"},
      {"{{ d is mapping }} {{ [] is mapping }} {{ namespace() is mapping }}", "True False False"},
      {"{{ 'a' is iterable }} {{ [] is iterable }} {{ d is iterable }} {{ 1 is iterable }} {{ none is iterable }} {{ x "
       "is iterable }} {{ (words | map('upper')) is iterable }} {{ namespace() is iterable }}",
       "True True True False False True True False"},
      {"{{ 'a' is sequence }} {{ [] is sequence }} {{ d is sequence }} {{ 1 is sequence }} {{ x is sequence }} {{ "
       "d.items() is sequence }} {{ range(2) is sequence }} {{ (words | map('upper')) is sequence }}",
       "True True True False True False True False"},
      {"{{ 1 is number }} {{ 1.5 is number }} {{ true is number }} {{ '1' is number }} {{ 1 is integer }} {{ true is "
       "integer }} {{ 1.0 is integer }} {{ 1.0 is float }} {{ 1 is float }}",
       "True True True False True False False True False"},
      {"{{ true is boolean }} {{ 1 is boolean }} {{ true is true }} {{ false is false }} {{ 1 is true }} {{ 0 is false "
       "}} {{ none is false }}",
       "True False True True False False False"},
      {"{{ 3 is odd }} {{ 4 is even }} {{ 3 is even }} {{ -1 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) "
       "}}",
       "True True False True True False"},
      {"{{ 1 is eq 1 }} {{ 1 is equalto 2 }} {{ 'a' is in 'abc' }} {{ 1 is in [2] }} {{ 1 is ne 2 }} {{ 2 is gt 1 }} "
       "{{ 2 is lt 1 }} {{ 2 is ge 2 }} {{ 2 is le 1 }} {{ 2 is greaterthan 1 }} {{ 2 is lessthan 1 }}",
       "True False True False True True False True False True False"},
      {"{{ 'ab' is lower }} {{ 'aB' is lower }} {{ 'AB' is upper }} {{ 1 is lower }}", "True False True False"},
      {"{{ range is callable }} {{ 'a'.upper is callable }} {{ n is callable }}", "True True False"},
      {"{{ true is sameas true }} {{ 1 is sameas true }} {{ none is sameas none }}", "True False True"},
      {"{{ n is not string }} {{ n is not number }} {{ not n is number }}", "True False False"},
  });
}
