#include "litestage/io/tokenizer_json/nfc.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/fnv1a.hpp"
#include "litestage/core/text/utf8.hpp"

namespace {

namespace io = litestage::io;

std::string normal(std::string_view text) {
  return io::nfc(io::TracedText(text)).text;
}

}  // namespace

TEST_CASE("characters are composed, marks are put in order, and singletons are replaced") {
  CHECK(normal("cafe\u0301") == "caf\u00E9");
  CHECK(normal("plain ASCII and \u00FC") == "plain ASCII and \u00FC");
  CHECK(normal("a\u0307\u0323") == "\u1EA1\u0307");  // the dot below belongs to the letter first
  CHECK(normal("a\u0323\u0307") == "\u1EA1\u0307");
  CHECK(normal("\u0041\u030A\u212B") == "\u00C5\u00C5");
  CHECK(normal("\u0344") == "\u0308\u0301");  // never composed again
  CHECK(normal("\u0958") == "\u0915\u093C");
  CHECK(normal("\uF900\U0002F800\u2126") == "\u8C48\u4E3D\u03A9");
  CHECK(normal("\u1EBF") == "\u1EBF");  // two steps down and up
  CHECK(normal("e\u0302\u0301") == "\u1EBF");
  CHECK(normal("e\u0301\u0302") == "\u00E9\u0302");  // of one class: the first comes first
  CHECK(normal("\u0301e") == "\u0301e");             // a mark before any letter
  CHECK(normal("") == "");
}

TEST_CASE("Hangul is composed by arithmetic") {
  CHECK(normal("\u1100\u1161") == "\uAC00");
  CHECK(normal("\u1100\u1161\u11A8") == "\uAC01");
  CHECK(normal("\uAC00\u11A8") == "\uAC01");
  CHECK(normal("\uAC01\u11A8") == "\uAC01\u11A8");  // has its tail
  CHECK(normal("\u1100\u1100\u1161") == "\u1100\uAC00");
  CHECK(normal("\uD7A3") == "\uD7A3");
}

TEST_CASE("marks later than Unicode 9 stay where they are, as in the library tokenizers") {
  CHECK(normal("d\u0363\u0899A") == "d\u0363\u0899A");
  CHECK(normal("\U00011935\U00011930") == "\U00011935\U00011930");
}

TEST_CASE("every character by itself, as the library tokenizers has it") {
  litestage::Fnv1a hash;
  std::size_t changed = 0;
  for (char32_t c = 0; c < 0x110000; ++c) {
    // Ideographs, Hangul and what is not assigned take long and stay as they are.
    const bool left_out = (c >= 0x3400 && c < 0xA000) || (c >= 0xAC00 && c < 0xE000) || (c >= 0x12000 && c < 0x1D000) ||
                          (c >= 0x1E000 && c < 0x2F800) || c >= 0x2FA20;
    if (left_out) continue;
    std::string text;
    litestage::append_utf8(text, c);
    const std::string found = normal(text);
    changed += found == text ? 0 : 1;
    hash.add_whole(found);
  }
  CHECK(changed == 1120);
  CHECK(litestage::hexadecimal(hash.value()) == "4d7f90ef24b8d77c");
}

TEST_CASE("each byte knows where it comes from") {
  const io::TracedText text = io::nfc(io::TracedText("xe\u0301\u0323y"));  // bytes: x 0, e 1, marks 2 and 4, y 6
  CHECK(text.text == "x\u1EB9\u0301y");
  CHECK(text.from == std::vector<std::size_t>{0, 1, 1, 1, 2, 2, 6, 7});
}
