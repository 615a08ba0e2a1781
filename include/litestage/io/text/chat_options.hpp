// What a user says about the chat template of a model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

// A variable that a chat template reads, such as enable_thinking. The value `true` or `false` is a boolean for the
// template, a whole number is an integer, and everything else is text.
struct TemplateVariable {
  std::string name{};
  std::string value{};
  friend bool operator==(const TemplateVariable&, const TemplateVariable&) = default;
};

// Reads NAME=VALUE, as --template-variable takes it. Names that every template is given are refused.
[[nodiscard]] TemplateVariable template_variable(std::string_view text);

struct ChatOptions {
  // A name of `chat_formats`, or the path of a file with a Jinja program, which ends in .jinja; empty for the model's
  // own template.
  std::string chat_template{};
  std::vector<TemplateVariable> variables{};
};

// Whether a value of ChatOptions::chat_template is a file.
[[nodiscard]] inline bool is_template_file(std::string_view chat_template) {
  return chat_template.ends_with(".jinja");
}

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/definitions/chat_options.hpp"
#endif
