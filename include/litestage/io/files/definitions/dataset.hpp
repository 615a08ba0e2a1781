// Reading of files of records.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::io {

LITESTAGE_INLINE std::vector<Record> parse_records(std::string_view text, const std::string& source) {
  constexpr std::string_view blanks = " \t\r\n", byte_order_mark = "\xef\xbb\xbf";
  if (text.substr(0, byte_order_mark.size()) == byte_order_mark) text.remove_prefix(byte_order_mark.size());
  const std::size_t first = text.find_first_not_of(blanks);
  std::vector<Record> records;
  if (first != std::string_view::npos && text[first] == '[') {
    const Form whole = parse_json(text, source);
    for (const Form& member : whole.list(source)) {
      records.push_back({concat(source, ": record ", records.size() + 1), member});
    }
  } else {
    for (std::size_t line = 1; !text.empty(); ++line) {
      const std::size_t end = text.find('\n');
      const std::string_view content = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (content.find_first_not_of(blanks) == std::string_view::npos) continue;
      records.push_back({concat(source, ":", line), parse_json(content, source, line)});
    }
  }
  if (records.empty()) throw Error(concat(source, " holds no records, expected JSON lines or one JSON array"));
  return records;
}

LITESTAGE_INLINE std::vector<Record> read_records(const std::string& path) {
  return parse_records(read_file(path), path);
}

}  // namespace litestage::io
