#include "litestage/io/tokenizer_json/added_tokens.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace io = litestage::io;

io::AddedTokens::Name added(int id, std::string name, bool control = false) {
  return {name, {.id = id, .name = name}, control};
}

// The pieces with | between them; tokens as their ids in braces.
std::string pieces_of(const io::AddedTokens& tokens, std::string_view text, std::string_view markup = "") {
  std::string shown;
  const auto is_markup = [&](std::size_t begin, std::size_t end) {
    return markup.empty() || markup.substr(begin, end - begin).find('w') == std::string_view::npos;
  };
  for (const io::TextPiece& piece : tokens.split(text, is_markup)) {
    const std::string_view bytes = text.substr(piece.begin, piece.size);
    shown += shown.empty() ? "" : "|";
    shown += piece.id < 0 ? std::string(bytes) : "{" + std::to_string(piece.id) + ":" + std::string(bytes) + "}";
  }
  return shown;
}

}  // namespace

TEST_CASE("the leftmost name is found, and of those that begin there the longest") {
  const io::AddedTokens tokens({added(1, "ab"), added(2, "abc"), added(3, "bcd"), added(4, "b")});
  CHECK(pieces_of(tokens, "abcd") == "{2:abc}|d");
  CHECK(pieces_of(tokens, "abd") == "{1:ab}|d");
  CHECK(pieces_of(tokens, "xbcdb") == "x|{3:bcd}|{4:b}");
  CHECK(pieces_of(tokens, "aab") == "a|{1:ab}");
  CHECK(pieces_of(tokens, "a") == "a");
  CHECK(pieces_of(tokens, "").empty());
  CHECK(pieces_of(io::AddedTokens({}), "text") == "text");
}

TEST_CASE("a control token is found in markup only, and hides no other token") {
  const io::AddedTokens tokens({added(1, "<a>", true), added(2, "<a"), added(3, "a>")});
  CHECK(pieces_of(tokens, "<a><a>", "mmmmmm") == "{1:<a>}|{1:<a>}");
  CHECK(pieces_of(tokens, "<a><a>", "wwwmmm") == "{2:<a}|>|{1:<a>}");
  CHECK(pieces_of(tokens, "<a><a>", "mmwmmm") == "{2:<a}|>|{1:<a>}");
}

TEST_CASE("white space beside a token is swallowed where the token says so, and by one token only") {
  io::AddedTokens::Name left = added(1, "L"), right = added(2, "R"), both = added(3, "B");
  left.token.strips_left = right.token.strips_right = both.token.strips_left = both.token.strips_right = true;
  const io::AddedTokens tokens({left, right, both});
  CHECK(pieces_of(tokens, "a \u3000\nL b") == "a|{1: \u3000\nL}| b");
  CHECK(pieces_of(tokens, "a R \t b") == "a |{2:R \t }|b");
  CHECK(pieces_of(tokens, "R L") == "{2:R }|{1:L}");
  CHECK(pieces_of(tokens, " B  B ") == "{3: B  }|{3:B }");
  CHECK(pieces_of(tokens, "a\x1CL") == "a\x1C|{1:L}");  // Python's white space, not Unicode's
}

TEST_CASE("a single word touches no letter, mark, digit or underscore") {
  io::AddedTokens::Name word = added(1, "word");
  word.token.single_word = true;
  const io::AddedTokens tokens({word});
  CHECK(pieces_of(tokens, "word") == "{1:word}");
  CHECK(pieces_of(tokens, "a word.") == "a |{1:word}|.");
  for (const char* text : {"xword", "wordy", "word1", "_word", "\u00E9word", "word\u0301", "\u4F60word", "wordword"}) {
    CHECK(pieces_of(tokens, text) == text);
  }
}

TEST_CASE("many names with one first byte are searched quickly enough for a text of nothing else") {
  std::vector<io::AddedTokens::Name> names;
  for (int i = 0; i < 6000; ++i) names.push_back(added(i, "<unused" + std::to_string(i) + ">"));
  const io::AddedTokens tokens(std::move(names));
  CHECK(tokens.split(std::string(100000, '<'), [](std::size_t, std::size_t) { return true; }).size() == 1);
  CHECK(pieces_of(tokens, "x<unused17><unused5999") == "x|{17:<unused17>}|<unused5999");
}
