// A journal (settings/journal.hpp) in an append-only file, for work that may be killed at any moment and continues from
// the last record. journal_format.hpp has the format of its lines. POSIX.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/files/descriptor.hpp"
#include "litestage/io/files/journal_format.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::io {

// The first line describes the work (`identity`, e.g. model, data and settings); every further line is a record. A
// record is on disk when `append` returns: a kill loses at most the record that is being written, and the next opening
// removes the partial line. Only one process at a time can have the file open. Not thread-safe.
class JournalFile {
 public:
  // Continues the file if it has this identity or an earlier form of it, and starts a new one if it is missing or
  // empty. Otherwise, and if a line other than the last is damaged, it throws an Error and leaves the file unchanged.
  JournalFile(const std::string& path, const Form& identity, const std::vector<EarlierKey>& earlier = {});
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // The identity in the file: the requested one, or an earlier form of it.
  [[nodiscard]] const Form& identity() const { return identity_; }
  // The records found when the file was opened.
  [[nodiscard]] const std::vector<Record>& records() const { return records_; }
  // Size of the partial line that was removed at the opening. A kill or a full disk leaves one.
  [[nodiscard]] std::size_t dropped_bytes() const { return dropped_bytes_; }

  // The record is on disk when this returns. After an Error (e.g. a full disk) the file is unchanged, and this object
  // accepts no more records.
  void append(const Form& record);

 private:
  void put(std::string_view line);
  void sync();
  // If truncating fails as well, the next opening removes the partial line.
  [[noreturn]] void fail();
  void cut_off(std::size_t bytes);
  void sync_name() const;

  std::string path_;
  Descriptor file_;
  Form identity_;
  JournalLines lines_;
  std::vector<Record> records_;
  std::size_t bytes_ = 0;  // size of the complete lines
  std::size_t dropped_bytes_ = 0;
  bool failed_ = false;
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/journal_file.hpp"
#endif
