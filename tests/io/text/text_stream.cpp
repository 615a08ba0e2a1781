#include "litestage/io/text/text_stream.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

using litestage::io::TextStream;

TEST_CASE("a character appears with its last byte") {
  TextStream stream;
  CHECK(stream.push("a\xF0") == "a");
  CHECK(stream.push("\x9F\x98").empty());
  CHECK(stream.push("\x80 b\xC3") == "😀 b");
  CHECK(stream.push("\xA9") == "é");
  CHECK(stream.flush().empty());
}

TEST_CASE("an incomplete character at the end is one U+FFFD, once") {
  TextStream stream;
  CHECK(stream.push("x\xE4\xBD") == "x");
  CHECK(stream.flush() == "\uFFFD");
  CHECK(stream.flush().empty());
  CHECK(stream.push("y") == "y");
}

TEST_CASE("bytes that no character can begin or go on with do not wait") {
  for (const char* bytes : {"\xFF", "\x80", "\xC0", "\xC1", "\xF5", "\xF8"}) {
    TextStream stream;
    CHECK(stream.push(bytes) == "\uFFFD");
  }
  for (const char* bytes : {"\xE0\x80", "\xED\xA0", "\xF0\x80", "\xF4\x90", "\xC3\xFF"}) {
    TextStream stream;
    CHECK(stream.push(bytes) == "\uFFFD\uFFFD");
  }
  TextStream stream;
  CHECK(stream.push("\xE2\x82q") == "\uFFFD\uFFFDq");
}

TEST_CASE("however the bytes are cut, the text is the same") {
  const std::string text = "né\tខ្ញុំ 👩‍👩‍👧 𝔘\xEF\xBF\xBD.";
  for (std::size_t step = 1; step <= 5; ++step) {
    TextStream stream;
    std::string shown;
    for (std::size_t at = 0; at < text.size(); at += step)
      shown += stream.push(std::string_view(text).substr(at, step));
    CHECK(shown + stream.flush() == text);
  }
}
