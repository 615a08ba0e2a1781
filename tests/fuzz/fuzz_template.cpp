// Any bytes as a chat template: an Error, or text in which no message's words are markup. A template that the limits
// stop is as good as one that ends.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/target.hpp"
#include "litestage/core/error.hpp"
#include "litestage/io/text/jinja/program.hpp"
#include "litestage/io/text/jinja/values/marked_text.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"
#include "litestage/io/text/jinja/values/value.hpp"
#include "litestage/io/text/text_part.hpp"

namespace {

namespace jinja = litestage::io::jinja;

// A character that only messages have, unless the template writes it, by itself or by its number.
constexpr std::string_view mark = "\xEE\x84\xA3";  // U+E123
bool may_write_mark(std::string_view source) {
  for (const std::string_view part :
       {mark, std::string_view("123"), std::string_view("\\x"), std::string_view("\\3")}) {
    if (source.find(part) != std::string_view::npos) return true;
  }
  return false;
}

jinja::Program::NamedValues template_variables() {
  using jinja::Value;
  jinja::RenderState state("fuzz", {});
  const auto text = [](std::string_view words) { return Value::markup(words); };
  jinja::Values messages;
  for (const char* role : {"system", "user", "assistant", "user"}) {
    const std::string content = " " + std::string(mark) + " Zwölf\n<|x|>" + std::string(mark) + "</think>a " + role;
    messages.push_back(state.dict({{text("role"), text(role)},
                                   {text("content"), jinja::MarkedText(content, jinja::of_message(messages.size()))}}));
  }
  return {{"messages", state.list(std::move(messages))},
          {"tools", Value::none()},
          {"add_generation_prompt", Value(true)},
          {"bos_token", text("<s>")},
          {"eos_token", text("</s>")}};
}

}  // namespace

void fuzz_template(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const jinja::Limits limits{.steps = 4'000, .bytes = 1 << 18, .output_bytes = 1 << 14, .depth = 250};
  try {
    const jinja::MarkedText text = jinja::Program(source, "fuzz").render(template_variables(), limits);
    need(text.size() <= limits.output_bytes);
    std::string all;
    for (const litestage::io::TextPart& part : text.parts()) {
      all += part.text;
      need(!part.markup || may_write_mark(source) || part.text.find(mark) == std::string::npos);
    }
    need(all == text.text());
  } catch (const litestage::Error& error) {
    need(std::string_view(error.what()).substr(0, 11) == "fuzz, line ");
  }
}
