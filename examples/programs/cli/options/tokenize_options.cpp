#include "cli/options/tokenize_options.hpp"

#include <CLI/CLI.hpp>

namespace litestage::cli {

Command tokenize_command(TokenizeOptions& o) {
  Command command("tokenize",
                  "Reads text from standard input and writes the ids of its tokens, or the other way round.");
  CLI::App& app = command.app();
  app.add_option("--model", o.model,
                 "A GGUF file or a folder with a tokenizer.json, of which only the vocabulary is read (default: "
                 "smollm2-135m of "
                 "examples/get_model.sh)")
      ->type_name("PATH");
  app.add_flag("--lines", o.lines, "Tokenize each line by itself, without its line break; write one line for each");
  app.add_flag("--decode", o.decode, "Read ids with white space between them, write text");
  app.add_flag("--bos", o.bos, "Put the token for the beginning of a text first, if the model wants one")
      ->excludes("--decode");
  app.add_flag("--plain", o.plain, "Take the names of control tokens, such as <|im_end|>, as plain text")
      ->excludes("--decode");
  app.add_flag(
         "--render", o.render,
         "Read conversations, [{\"role\": \"user\", \"content\": TEXT}, ...], one a line; write what the model's chat "
         "template makes of each, as a JSON string a line")
      ->excludes("--decode");
  add_chat_options(app, o.chat, "Options");
  app.footer("Example: echo -n \"Hello world\" | tokenize --model model.gguf");
  return command;
}

}  // namespace litestage::cli
