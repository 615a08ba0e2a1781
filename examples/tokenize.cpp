// Text to the ids of a model's tokens, and back.
#include <CLI/CLI.hpp>
#include <cstddef>
#include <exception>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/io/gguf.hpp"
#include "litestage/io/load_vocabulary.hpp"
#include "litestage/io/tokenizer.hpp"

namespace {

struct Options {
  std::string model;
  bool lines = false;
  bool decode = false;
  bool bos = false;
  bool plain = false;
};

void write_ids(const litestage::io::Tokenizer& tokenizer, const Options& options, const std::string& text) {
  const std::vector<litestage::io::TextPart> parts{{text, !options.plain}};
  std::string_view separator;
  for (int id : options.bos ? tokenizer.encode_prompt(parts) : tokenizer.encode(parts)) {
    std::cout << separator << id;
    separator = " ";
  }
  std::cout << '\n';
}

void write_text(const litestage::io::Tokenizer& tokenizer, const std::string& line) {
  std::istringstream words(line);
  std::vector<int> ids;
  for (std::string word; words >> word;) {
    std::istringstream number(word);
    int id = 0;
    if (!(number >> id) || !number.eof() || id < 0 || static_cast<std::size_t>(id) >= tokenizer.size()) {
      throw litestage::Error(litestage::concat("standard input: found \"", word, "\", accepted are ids from 0 to ",
                                               tokenizer.size() - 1, " with white space between them"));
    }
    ids.push_back(id);
  }
  std::cout << tokenizer.decode(ids);
}

void run(const Options& options) {
  const litestage::io::Gguf file(options.model);
  const litestage::io::Tokenizer tokenizer(litestage::io::load_vocabulary(file), options.model);
  std::cin.tie(nullptr);
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
  std::ios::sync_with_stdio(false);
  CLI::App app("Reads text from standard input and writes the ids of its tokens, or the other way round.", "tokenize");
  Options options;
  app.add_option("--model", options.model, "A GGUF file; only its vocabulary is read")->required()->type_name("FILE");
  app.add_flag("--lines", options.lines,
               "Every line on its own (its line break left out): one line of output for each");
  app.add_flag("--decode", options.decode, "Read ids with white space between them, write text");
  app.add_flag("--bos", options.bos, "Put the token for the beginning of a text first, if the model wants one")
      ->excludes("--decode");
  app.add_flag("--plain", options.plain, "Take the names of control tokens, such as <|im_end|>, as plain text")
      ->excludes("--decode");
  app.footer("Example: echo -n \"Hello world\" | tokenize --model model.gguf");
  try {
    app.parse(argc, argv);
    run(options);
    if (!std::cout.flush()) throw litestage::Error("standard output: cannot be written");
    return 0;
  } catch (const CLI::CallForHelp& e) {
    return app.exit(e);
  } catch (const std::exception& e) {
    std::cerr << "tokenize: " << e.what() << '\n';
    return 1;
  }
}
