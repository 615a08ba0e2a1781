#include <doctest/doctest.h>

#include "io/text/jinja/rendering.hpp"

// Expected texts are those of Jinja2 3.1.6 with the settings of transformers: a sandbox, trim_blocks, lstrip_blocks,
// loop controls, its own tojson.

TEST_CASE("functions that every template may call") {
  litestage::test::check_rendered({
      {"{{ range(3) | list }} {{ range(1, 3) | list }} {{ range(3, 0, -2) | list }} {{ range(-1) | list }}",
       "[0, 1, 2] [1, 2] [3, 1] []"},
      {"{{ strftime_now('%d %b %Y') }} {{ strftime_now('%Y-%m-%d') }} {{ strftime_now('%B %-d, %A %H:%M:%S') }} {{ "
       "strftime_now('%j %y %a %I %p %%') }}",
       "26 Jul 2024 2024-07-26 July 26, Friday 00:00:00 208 24 Fri 12 AM %"},
      {"{{ strftime_now is defined }} {{ raise_exception is defined }} {{ other is defined }}", "True True False"},
      {"{{ namespace(a=1).a }}", "1"},
      {"{{ range is defined }}{% set range = 5 %}{{ range }}", "True5"},
  });
}
