// Converts text to the ids of a model's tokens and back, and conversations to the text that a model reads.
#include <cstddef>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/files/vocabulary_note.hpp"
#include "cli/options/command.hpp"
#include "cli/options/defaults.hpp"
#include "cli/options/tokenize_options.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/model_contents.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/form.hpp"

namespace {

using Options = litestage::cli::TokenizeOptions;

void write_ids(const litestage::io::SubwordTokenizer& tokenizer, const Options& options, const std::string& text) {
  const std::vector<litestage::io::TextPart> parts{{text, !options.plain}};
  std::string_view separator;
  for (int id : options.bos ? tokenizer.encode_prompt(parts) : tokenizer.encode(parts)) {
    std::cout << separator << id;
    separator = " ";
  }
  std::cout << '\n';
}

void write_text(const litestage::io::SubwordTokenizer& tokenizer, const std::string& line) {
  std::istringstream words(line);
  std::vector<int> ids;
  for (std::string word; words >> word;) {
    std::istringstream number(word);
    int id = 0;
    if (!(number >> id) || !number.eof() || id < 0 || static_cast<std::size_t>(id) >= tokenizer.size()) {
      throw litestage::Error(litestage::concat("standard input: found ", litestage::in_quotes(word),
                                               ", expected ids from 0 to ", tokenizer.size() - 1,
                                               " with white space between them"));
    }
    ids.push_back(id);
  }
  std::cout << tokenizer.decode(ids);
}

litestage::Role role_named(const std::string& name) {
  if (name == "system") return litestage::Role::system;
  if (name == "user") return litestage::Role::user;
  if (name == "assistant") return litestage::Role::assistant;
  throw litestage::Error(litestage::concat("standard input: role is ", litestage::in_quotes(name),
                                           ", expected system, user or assistant"));
}

// Example: [{"role": "user", "content": "Hello"}, ...] -> "<|im_start|>user\nHello ..."
void write_rendered(const litestage::io::TextCodec& codec, const std::string& line) {
  const std::string source = "standard input";
  const litestage::Form conversation = litestage::io::parse_json(line, source);
  litestage::Prompt prompt;
  for (const litestage::Form& message : conversation.list(source)) {
    prompt.messages.push_back({role_named(message.at("role", source).string(source + ": role")),
                               message.at("content", source).string(source + ": content")});
  }
  if (prompt.messages.empty()) throw litestage::Error(source + ": a conversation is empty, expected messages");
  std::cout << litestage::io::to_json(litestage::Form(litestage::io::text_of(codec.render(prompt)))) << '\n';
}

void run(const Options& options) {
  const litestage::io::TextCodec codec(litestage::io::read_model_vocabulary(options.model), options.model,
                                       options.chat.options());
  litestage::cli::warn_of_open_splitting(codec.tokenizer().vocabulary(), options.model);
  const litestage::io::SubwordTokenizer& tokenizer = codec.tokenizer();
  std::cin.tie(nullptr);
  if (options.render) {
    for (std::string line; std::getline(std::cin, line);) write_rendered(codec, line);
    return;
  }
  if (!options.lines) {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    options.decode ? write_text(tokenizer, text) : write_ids(tokenizer, options, text);
    return;
  }
  for (std::string line; std::getline(std::cin, line);) {
    if (options.decode) {
      write_text(tokenizer, line);
      std::cout << '\n';
    } else {
      write_ids(tokenizer, options, line);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const auto work = [&] {
    options.model = litestage::cli::model_path(options.model);
    run(options);
    return 0;
  };
  return litestage::cli::tokenize_command(options).run(argc, argv, work, litestage::cli::OnSignal::end_at_once);
}
