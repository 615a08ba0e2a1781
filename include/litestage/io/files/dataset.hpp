// Reads files of records: JSON lines, or one JSON array; the first character of the file decides. The caller gives the
// records a meaning: tasks::parse_questions(task, io::read_records(path)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::io {

// `source` names the text in messages. Blank lines, line ends of either kind and a byte order mark are skipped.
[[nodiscard]] std::vector<Record> parse_records(std::string_view text, const std::string& source);

[[nodiscard]] std::vector<Record> read_records(const std::string& path);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/dataset.hpp"
#endif
