// The options that say how conversations become text.
#pragma once

#include <string>
#include <vector>

#include "litestage/io/text/chat_options.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace litestage::cli {

// As the command line has them.
struct ChatWords {
  std::string chat_template;
  std::vector<std::string> template_variables;  // NAME=VALUE

  // Throws an Error if a variable is not of this form.
  [[nodiscard]] io::ChatOptions options() const {
    io::ChatOptions chat{.chat_template = chat_template, .variables = {}};
    for (const std::string& variable : template_variables) chat.variables.push_back(io::template_variable(variable));
    return chat;
  }
};

// Adds --chat-template and --template-variable to a group of options.
void add_chat_options(CLI::App& app, ChatWords& chat, const std::string& group);

}  // namespace litestage::cli
