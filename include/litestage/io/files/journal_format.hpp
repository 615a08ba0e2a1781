// The format of journal files: lines with checksums, of which the first says what work they belong to. It works on
// texts; journal_file.hpp opens, locks and extends the file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::io {

inline constexpr std::string_view journal_format = "litestage.journal/1";
// Our own limits in bytes: far above the needs of a search, and small enough to be read into memory.
inline constexpr std::size_t max_journal_line = std::size_t{1} << 24;
inline constexpr std::size_t max_journal_bytes = std::size_t{1} << 30;

// Writes and reads the lines of one journal in order. A line is {"fnv1a":"0123456789abcdef","record":RECORD}. The
// checksum covers the texts of all records up to this one, so it detects lines that were damaged, removed, inserted or
// moved.
class JournalLines {
 public:
  // The next line, including its line end.
  [[nodiscard]] std::string write(const Form& record);

  // Returns how many bytes at the front of `line` are the next line (without its line end). Returns 0, and changes
  // nothing, if they are not the next line.
  [[nodiscard]] std::size_t read(std::string_view line);

  // The RECORD of a line that `read` accepted.
  [[nodiscard]] static std::string_view record_text(std::string_view line);
  [[nodiscard]] static bool starts_like_line(std::string_view text);

 private:
  static constexpr std::string_view before_sum = R"({"fnv1a":")", before_record = R"(","record":)";
  static constexpr std::size_t sum_digits = 16;
  static constexpr std::size_t sum_end = before_sum.size() + sum_digits;
  static constexpr std::size_t record_begin = sum_end + before_record.size();

  Fnv1a sum_;
};

// The record of the first line.
[[nodiscard]] Form journal_head(const Form& identity);

// A key that earlier versions wrote differently in an identity. Journals that differ only in such keys are continued.
// What the key stood for may then differ from record to record, so who reads the records checks it
// (JournalText::identity).
struct EarlierKey {
  std::string key;  // at the top level of the identity
  // Its earlier value for the same work; empty: only earlier versions have the key, and any value is accepted.
  std::optional<Form> value{};
};

struct JournalText {
  Form identity{};              // as in the first line
  std::vector<Record> records;  // without the identity
  std::size_t whole_bytes = 0;  // the bytes after them are a line that was never finished
  JournalLines lines;           // writes the next line
};

// Reads everything up to the last complete line. Throws an Error if the first line has neither this identity nor an
// earlier form of it, or if a line other than the last is damaged. `source` names the text in messages.
[[nodiscard]] JournalText parse_journal(std::string_view text, const Form& identity, const std::string& source,
                                        const std::vector<EarlierKey>& earlier = {});

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/journal_format.hpp"
#endif
