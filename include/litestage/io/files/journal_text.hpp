// The lines of a journal, and what makes a line whole. journal_file.hpp keeps them in a file.
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
inline constexpr std::size_t max_journal_line = std::size_t{1} << 24;   // bytes; our own limits, far from what a
inline constexpr std::size_t max_journal_bytes = std::size_t{1} << 30;  // search needs, near enough for any memory

// Writes and reads the lines of one journal in their order. A line is {"fnv1a":"0123456789abcdef","record":RECORD},
// where the checksum is that of the texts of all records up to this one: a line that was damaged, taken out, put in or
// moved is not the next line.
class JournalLines {
 public:
  // The next line, with its end.
  [[nodiscard]] std::string write(const Form& record);

  // How many bytes at the front of `line` are the next line (its end apart); 0 where they are not, and then nothing
  // changes.
  [[nodiscard]] std::size_t read(std::string_view line);

  // RECORD in a line that `read` found whole.
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

// What earlier versions said in another way in an identity. Their journals are gone on with where this is all that
// differs; what their records hold for in consequence is for the reader of the records to see (JournalText::identity).
struct EarlierKey {
  std::string key;              // at the top of the identity
  std::optional<Form> value{};  // said there for the same work; nothing: a key of earlier versions only, of any value
};

struct JournalText {
  Form identity{};              // as the first line has it
  std::vector<Record> records;  // without the identity
  std::size_t whole_bytes = 0;  // what follows them is the beginning of a line that was never finished
  JournalLines lines;           // ready to write the next one
};

// Everything up to the last whole line. An Error where the first line is not that of this identity, nor of an earlier
// form of it, and where a line other than the last is not whole. `source` names the text in messages.
[[nodiscard]] JournalText parse_journal(std::string_view text, const Form& identity, const std::string& source,
                                        const std::vector<EarlierKey>& earlier = {});

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/journal_text.hpp"
#endif
