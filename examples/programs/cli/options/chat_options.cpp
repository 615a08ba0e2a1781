#include "cli/options/chat_options.hpp"

#include <CLI/CLI.hpp>

namespace litestage::cli {

void add_chat_options(CLI::App& app, ChatWords& chat, const std::string& group) {
  app.add_option("--chat-template", chat.chat_template,
                 "Chat template, instead of the model's own: chatml, zephyr, llama-2, llama-3, or a Jinja program")
      ->type_name("NAME|FILE.jinja")
      ->group(group);
  app.add_option("--template-variable", chat.template_variables,
                 "A variable of the chat template, such as enable_thinking=false; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE")
      ->group(group);
}

}  // namespace litestage::cli
