// An append-only file of records, for work that may be killed at any moment and goes on where it was. POSIX.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/files/journal_text.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::io {

// The first line says what the work is (`identity`, e.g. model, data and settings); every further line is a record.
// What `append` returned for is on disk: a kill loses at most the record that was being written, and the next opening
// cuts its remains off. Exactly one process at a time has the file open. Not for several threads at once.
class JournalFile {
 public:
  // Goes on with the file where it exists and has this identity or an earlier form of it, and begins it where there is
  // none or an empty one. In every other case, and where a line other than the last is damaged, an Error says so and
  // the file stays as it is.
  JournalFile(const std::string& path, const Form& identity, const std::vector<EarlierKey>& earlier = {});
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // As the file has it: what was asked for, or an earlier form of that.
  [[nodiscard]] const Form& identity() const { return identity_; }
  // Those that were there at the opening.
  [[nodiscard]] const std::vector<Record>& records() const { return records_; }
  // Of a line that was being written when the work was killed or the disk was full, cut off at the opening.
  [[nodiscard]] std::size_t dropped_bytes() const { return dropped_bytes_; }

  // The record is on disk when this returns. After an Error (a full disk) the file holds what it held before, and this
  // object takes no more records.
  void append(const Form& record);

 private:
  void put(std::string_view line);
  void sync();
  // Where even this fails, the next opening cuts the remains off.
  [[noreturn]] void fail();
  void cut_off(std::size_t bytes);
  void sync_name() const;

  std::string path_;
  detail::Descriptor file_;
  Form identity_;
  JournalLines lines_;
  std::vector<Record> records_;
  std::size_t bytes_ = 0;  // of whole lines
  std::size_t dropped_bytes_ = 0;
  bool failed_ = false;
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/journal_file.hpp"
#endif
