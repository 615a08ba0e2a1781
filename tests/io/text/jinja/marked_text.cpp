#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "io/text/jinja/rendering.hpp"
#include "litestage/io/text/text_part.hpp"

namespace {

namespace jinja = litestage::io::jinja;

// The text with what is not markup in angle brackets.
std::string marked(const jinja::MarkedText& text) {
  std::string out;
  for (const litestage::io::TextPart& part : text.parts()) out += part.markup ? part.text : "<" + part.text + ">";
  return out;
}

struct MarkedCase {
  std::string_view jinja;
  std::string_view expected;
};

}  // namespace

TEST_CASE("text that is cut and joined keeps the author of every character") {
  using jinja::MarkedText, jinja::Author;
  MarkedText text("ab", Author::markup);
  text.append("cd", jinja::of_message(0));
  text.append("", Author::variable);
  text.append("ef", jinja::of_message(0));
  text.append("gh", jinja::of_message(1));
  CHECK(text.text() == "abcdefgh");
  CHECK(text.runs() ==
        std::vector<MarkedText::Run>{{2, Author::markup}, {6, jinja::of_message(0)}, {8, jinja::of_message(1)}});
  CHECK(text.part(1, 2).runs() == std::vector<MarkedText::Run>{{1, Author::markup}, {2, jinja::of_message(0)}});
  CHECK(text.part(2, 4).runs() == std::vector<MarkedText::Run>{{4, jinja::of_message(0)}});
  CHECK(text.part(8, 0).empty());
  CHECK(text.part(0, 8).runs() == text.runs());
  CHECK(text.parts() == std::vector<litestage::io::TextPart>{{"ab", true}, {"cdefgh", false}});
  CHECK(text.author() == Author::several);
  CHECK(text.part(0, 3).author() == jinja::of_message(0));
  CHECK(MarkedText().author() == Author::markup);
  MarkedText twice = text;
  twice.append(text, 6, 2);
  CHECK(twice.runs().back() == MarkedText::Run{10, jinja::of_message(1)});
  CHECK(twice.runs().size() == 3);
}

TEST_CASE("what a message says stays words, whatever the template does with it") {
  const MarkedCase cases[] = {
      {"{{ 'a' + messages[1].content + 'b' }}", "a<Q1>b"},
      {"{{ 'a' ~ messages[1].content ~ 1 }}", "a<Q1>1"},
      {"{{ messages[0].content | trim }}|{{ messages[0].content.strip() + '.' }}", "<S>|<S>."},
      {"{{ ('[' + messages[1].content + ']')[1:] }}{{ ('[' + messages[1].content)[:2] }}", "<Q1>][<Q>"},
      {"{{ messages[1].content[::-1] }}{{ messages[1].content[0] }}", "<1QQ>"},
      {"{{ (messages[1].content + 'x').upper() }}{{ messages[1].content | lower ~ 'X' | title }}", "<Q1>X<q1>X"},
      {"{{ messages[2].content.split('\\n')[1] ~ '.' }}", "<second>."},
      {"{{ messages[2].content.split() | join(' ') }}", "<A1> <second>"},
      {"{{ messages | map(attribute='content') | join(',') }}", "< S >,<Q1>,<A1\nsecond>,<Q2 é>"},
      {"{{ ','.join(['a', messages[1].content]) }}", "a,<Q1>"},
      {"{{ (messages[1].content + 'Q').replace('Q', 'x') }}", "x<1>x"},
      {"{{ 'a-b'.replace('-', messages[1].content) }}", "a<Q1>b"},
      {"{{ messages[1].content | tojson }}{{ {'k': 1} | tojson }}", "<\"Q1\"{\"k\": 1}>"},
      {"{{ [messages[1].content, 'x'] }}", "[<'Q1'>, 'x']"},
      {"{{ messages[1] | string }}", "{'role': 'user', 'content': <'Q1'>}"},
      {"{{ messages[2].content | indent(1) }}", "<A1>\n <second>"},
      {"{% set x %}a{{ messages[1].content }}{% endset %}{{ x }}{{ x | reverse }}", "a<Q11Q>a"},
      {"{% macro f(m) %}[{{ m.content }}]{% endmacro %}{{ f(messages[1]) }}", "[<Q1>]"},
      {"{% for c in messages[1].content %}{{ c }}-{% endfor %}", "<Q>-<1>-"},
      {"{% set ns = namespace(s='') %}{% for m in messages %}{% set ns.s = ns.s + m.role %}{% endfor %}{{ ns.s }}",
       "systemuserassistantuser"},
      {"{{ messages[1].content.partition('1')[0] }}{{ messages[1].content.removeprefix('Q') }}", "<Q1>"},
      {"{{ messages[2].content.splitlines() | last }}{{ messages[1].content | list | first }}", "<secondQ>"},
      {"{{ messages[1].content * 2 }}{{ messages[1].content | default('x') | string }}", "<Q1Q1Q1>"},
      {"{{ (messages | selectattr('role', 'equalto', 'user') | list)[0].content }}", "<Q1>"},
      {"{% for k, v in messages[1].items() %}{{ k }}={{ v }};{% endfor %}", "role=user;content=<Q1>;"},
      {"{{ bos_token + messages[1].content + eos_token }}", "<s><Q1></s>"},
      {"{{ strftime_now('%Y') }}{{ strftime_now(messages[1].content) }}", "2024<Q1>"},
      {"{{ messages[1].content | length }}{{ messages[1].content == 'Q1' }}", "2True"},
  };
  for (const MarkedCase& one : cases) {
    CAPTURE(one.jinja);
    CHECK(marked(litestage::test::rendered(one.jinja)) == one.expected);
  }
}

TEST_CASE("the message that words come from is known while they are not mixed with others") {
  const auto author = [](std::string_view source) { return litestage::test::rendered(source).author(); };
  CHECK(author("[{{ messages[1].content.upper() | trim }}]") == jinja::of_message(1));
  CHECK(author("{{ messages[3] | tojson }}") == jinja::of_message(3));
  CHECK(author("{{ messages | tojson }}") == jinja::Author::several);
  CHECK(author("{{ {'a': 1} | tojson }}") == jinja::Author::variable);
  CHECK(author("{{ messages[0].role }}{{ n }}{{ d }}") == jinja::Author::markup);
}
