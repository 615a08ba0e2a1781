#include "litestage/io/text/pretokenizer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using Words = std::vector<std::string>;

Words words(const char* pre, std::string_view text) {
  const litestage::io::Pretokenizer pretokenizer(litestage::io::word_split(pre).value().pattern);
  Words found;
  pretokenizer.split(text, [&](std::string_view word) { found.emplace_back(word); });
  return found;
}

}  // namespace

TEST_CASE("GPT-2's words take one space along and leave the last of several to the next word") {
  CHECK(words("gpt-2", "it's  THEY'S x12!?  ") == Words{"it", "'s", " ", " THEY", "'", "S", " x", "12", "!?", "  "});
  CHECK(words("gpt-2", "a\n\nb") == Words{"a", "\n", "\n", "b"});
  CHECK(words("gpt-2", "").empty());
}

TEST_CASE("SmolLM cuts out every number, which ends the text for the spaces before it") {
  CHECK(words("smollm", "x12  3") == Words{"x", "1", "2", "  ", "3"});
  CHECK(words("smollm", "a  b ٣½") == Words{"a", " ", " b", " ", "٣", "½"});
}

TEST_CASE("Llama 3 takes numbers by three, Qwen 2 one by one; contractions whatever their case") {
  CHECK(words("llama-bpe", "12345 YOU'LL") == Words{"123", "45", " YOU", "'LL"});
  CHECK(words("qwen2", "12345 YOU'LL") == Words{"1", "2", "3", "4", "5", " YOU", "'LL"});
  CHECK(words("qwen2", "(call)[x]\r\n \n  y") == Words{"(call", ")[", "x", "]\r\n", " \n", " ", " y"});
  CHECK(words("qwen2", "\tx \n\n z  ") == Words{"\tx", " \n\n", " z", "  "});
}

TEST_CASE("SmolLM3's words are Llama 3's") {
  CHECK(words("smaug-bpe", "12345 YOU'LL") == Words{"123", "45", " YOU", "'LL"});
}

TEST_CASE("Tekken and GPT-4o cut words before capitals that follow small letters") {
  CHECK(words("tekken", "HTTPServer isOpen 123") == Words{"HTTPServer", " is", "Open", " ", "1", "2", "3"});
  CHECK(words("gpt-4o", "HTTPServer isOpen 1234") == Words{"HTTPServer", " is", "Open", " ", "123", "4"});
  CHECK(words("tekken", "YOU'LL it's") == Words{"YOU", "'LL", " it", "'s"});
  CHECK(words("gpt-4o", "YOU'LL it's x'T") == Words{"YOU'LL", " it's", " x'T"});
  CHECK(words("tekken", "(call)/[x]//\r\n/ \n  y") == Words{"(call", ")/[", "x", "]//\r\n/", " \n", " ", " y"});
  CHECK(words("tekken", "\u00C9cole \u00E9COLE") == Words{"\u00C9cole", " \u00E9", "COLE"});
  // Letters without case and marks go with either; U+1DF25 (Unicode 15) is small, U+1E030 is a modifier.
  CHECK(words("tekken", "A\u05D0a\u05D0B e\u0301E\u0301") == Words{"A\u05D0a\u05D0", "B", " e\u0301", "E\u0301"});
  CHECK(words("tekken", "a\U0001DF25B\U0001E030\U00010EFDa") == Words{"a\U0001DF25", "B\U0001E030\U00010EFDa"});
  CHECK(words("gpt-4o", "x'\u017Ft") == Words{"x", "'\u017Ft"});
}

// The patterns are applied in turn: marks, GPT-2's words, numbers, three digits.
TEST_CASE("without a pattern of its own a text is split at marks, words and every three digits") {
  CHECK(words("default", "it's THEY'S") == Words{"it", "'", "s", " THEY", "'", "S"});
  CHECK(words("default", "x 12345+=7!?") == Words{"x", " ", "123", "45", "+=", "7", "!?"});
  CHECK(words("default", "a  b\n\nc  ") == Words{"a", " ", " b", "\n", "\n", "c", "  "});
  CHECK(words("default", "(a)$1<=2`c_d") == Words{"(", "a", ")$", "1", "<=", "2", "`", "c", "_", "d"});
  CHECK(words("default", "\u00BF\u3002x\u00A3\u0663\u0664\u0665\u0666") ==
        Words{"\u00BF\u3002", "x", "\u00A3", "\u0663\u0664\u0665\u0666"});  // no ASCII digits: not cut by three
  CHECK(words("default", "x\U00011F43\U00011B00y") == Words{"x", "\U00011F43\U00011B00", "y"});  // Unicode 15
  CHECK(words("", "x 12345") == words("default", "x 12345"));
}

TEST_CASE("case folding does not reach beyond the alphabet: the long s is no s") {
  CHECK(words("qwen2", "x'\u017Ft") == Words{"x", "'\u017Ft"});
}

TEST_CASE("white space is that of Unicode, without U+180E") {
  CHECK(words("gpt-2", "a\u3000\u2003b") == Words{"a", "\u3000", "\u2003", "b"});
  CHECK(words("gpt-2", "a \u180Eb") == Words{"a", " \u180E", "b"});
  CHECK(words("gpt-2", "\x1C") == Words{"\x1C"});
}

TEST_CASE("letters and numbers of Unicode 15.1 count, whatever PCRE2's age") {
  CHECK(words("gpt-2", "a\U00011F02\U00031350\U0002EBF0") == Words{"a\U00011F02\U00031350\U0002EBF0"});
  CHECK(words("smollm", "\U0001E4F0\U00011F59") == Words{"\U0001E4F0", "\U00011F59"});
  CHECK(words("gpt-2", "a\u0378") == Words{"a", "\u0378"});  // not assigned
}

TEST_CASE("the words together are the text, NUL bytes and long runs included") {
  const std::string texts[] = {std::string("a\0\0b\0", 5),
                               std::string(100003, ' ') + "x",
                               std::string(100003, 'x'),
                               std::string(100003, 'X'),
                               std::string(50001, 'X') + std::string(50001, 'x'),
                               std::string(31, '\n') + "  \t" + std::string(33, '7')};
  for (const char* pre : {"gpt-2", "smollm", "qwen2", "llama-bpe", "tekken", "gpt-4o", "default"}) {
    for (const std::string& text : texts) {
      std::string all;
      for (const std::string& word : words(pre, text)) all += word;
      CHECK(all == text);
    }
  }
}
