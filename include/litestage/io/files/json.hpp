// JSON text to and from `Form`. The only header that includes a JSON library.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

// One JSON value (RFC 8259), integers and other numbers kept apart. An Error names `source`, line and what is wrong:
// syntax, a key twice in one object, nesting beyond 64, a number beyond 64 bits, text that is not UTF-8. `first_line`
// is the number that the text's first line has in `source`.
[[nodiscard]] Form parse_json(std::string_view text, const std::string& source, std::size_t first_line = 1);

// One value a line; blank lines are skipped.
[[nodiscard]] std::vector<Form> parse_json_lines(std::string_view text, const std::string& source);

[[nodiscard]] Form read_json_file(const std::string& path);

// One line where `indent` is negative, else indented by so many blanks. Numbers have the fewest digits that read back
// as the same bits. JSON has no word for NaN and infinity, and null would hide them: they are an Error that names the
// value; who means "none" writes null. Bytes that are not UTF-8, as generation cut within a character leaves them,
// become U+FFFD.
[[nodiscard]] std::string to_json(const Form& form, int indent = -1);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/json.hpp"
#endif
