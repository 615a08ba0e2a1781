// Files of records: JSON lines, or one JSON array; the file's first character tells which. What the records mean is for
// others to say: tasks::parse_questions(task, io::read_records(path)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::io {

// `source` names the text in messages. Blank lines are skipped, so are line ends of either kind and a byte order mark.
[[nodiscard]] std::vector<Record> parse_records(std::string_view text, const std::string& source);

[[nodiscard]] std::vector<Record> read_records(const std::string& path);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/dataset.hpp"
#endif
