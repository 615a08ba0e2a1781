// Any bytes as JSON and as JSON lines: a tree that is written and read back unchanged, or an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/target.hpp"
#include "litestage/io/files/json.hpp"

namespace {

void comes_back(const litestage::Form& form) {
  for (const int indent : {-1, 1})
    need(litestage::io::parse_json(litestage::io::to_json(form, indent), "again") == form);
}

}  // namespace

void fuzz_json(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    comes_back(litestage::io::parse_json(text, "fuzz"));
  } catch (const litestage::Error&) {
  }
  try {
    for (const litestage::Form& form : litestage::io::parse_json_lines(text, "fuzz")) comes_back(form);
  } catch (const litestage::Error&) {
  }
}
