// Converts JSON text to and from `Form`. The only header that includes a JSON library.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

// Reads one JSON value (RFC 8259); integers and other numbers are kept apart. An Error names `source`, the line and the
// problem: syntax, a duplicate key in an object, nesting beyond 64, a number beyond 64 bits, text that is not UTF-8.
// `first_line` is the line number in `source` at which the text begins.
[[nodiscard]] Form parse_json(std::string_view text, const std::string& source, std::size_t first_line = 1);

// Reads one value per line; blank lines are skipped.
[[nodiscard]] std::vector<Form> parse_json_lines(std::string_view text, const std::string& source);

[[nodiscard]] Form read_json_file(const std::string& path);

// Writes one line if `indent` is negative, else indents by that many blanks. Numbers have the fewest digits that read
// back as the same bits. NaN and infinity have no JSON form and are an Error that names the value; to write "none",
// store null. Bytes that are not UTF-8, which a text cut within a character has, become U+FFFD.
[[nodiscard]] std::string to_json(const Form& form, int indent = -1);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/json.hpp"
#endif
