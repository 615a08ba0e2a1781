// Rendering of templates with some variables, for the tests of their interpreter.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/io/text/jinja/program.hpp"
#include "litestage/io/text/jinja/values/marked_text.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::test {

using JinjaValues = io::jinja::Program::NamedValues;

// A conversation of four messages, whose contents are words, and variables of every kind.
[[nodiscard]] inline JinjaValues jinja_variables() {
  using namespace io::jinja;
  RenderState state("made", {});
  const auto text = [](std::string_view words) { return Value::markup(words); };
  const auto number = [](std::int64_t n) { return Value(n); };
  Values messages;
  const std::pair<const char*, const char*> conversation[] = {
      {"system", " S "}, {"user", "Q1"}, {"assistant", "A1\nsecond"}, {"user", "Q2 é"}};
  for (const auto& [role, content] : conversation) {
    const Value words = MarkedText(content, of_message(messages.size()));
    messages.push_back(state.dict({{text("role"), text(role)}, {text("content"), words}}));
  }
  const Value d = state.dict(
      {{text("role"), text("r")}, {text("items"), number(3)}, {text("b"), state.list({number(1), number(2)})}});
  return {{"messages", state.list(std::move(messages))},
          {"tools", Value::none()},
          {"documents", Value::none()},
          {"add_generation_prompt", Value(true)},
          {"bos_token", text("<s>")},
          {"eos_token", text("</s>")},
          {"n", number(7)},
          {"flag", Value(false)},
          {"half", Value(0.5)},
          {"words", state.list({text("b"), text("A"), text("c")})},
          {"pair", state.list({text("x"), number(1)}, ListKind::tuple)},
          {"d", d},
          {"empty", state.list({})},
          {"text", text("Ab c\td")}};
}

[[nodiscard]] inline io::jinja::MarkedText rendered(std::string_view jinja, const io::jinja::Limits& limits = {}) {
  return io::jinja::Program(jinja, "t.jinja").render(jinja_variables(), limits);
}

// The Error of parsing or rendering a template.
[[nodiscard]] inline std::string jinja_error(std::string_view jinja, const io::jinja::Limits& limits = {}) {
  return error_of([&] { static_cast<void>(rendered(jinja, limits)); });
}

struct RenderedCase {
  std::string_view jinja;
  std::string_view expected;
};

inline void check_rendered(const std::vector<RenderedCase>& cases) {
  for (const RenderedCase& one : cases) {
    CAPTURE(one.jinja);
    std::string found;
    try {
      found = rendered(one.jinja).text();
    } catch (const Error& error) {
      found = std::string("Error: ") + error.what();
    }
    CHECK(found == one.expected);
  }
}

}  // namespace litestage::test
