// Files that are written completely or not at all. POSIX.
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

// Syncs the folder of a file, which makes the name of a new file durable. If the folder cannot be synced, the file is
// complete all the same.
void sync_folder_of(const std::string& path);

// Writes to a temporary name in the same folder; `commit` renames it after the bytes have reached the disk. Before
// that, and after any failure, the file at the path is unchanged and no other file is left.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile() { discard(); }

  void write(std::string_view text);
  void commit();

 private:
  // Resolves a link, so that the link itself survives. Refuses terminals, pipes and folders, which renaming would
  // destroy.
  std::string resolve(const std::string& path);
  [[noreturn]] void fail(std::string_view what);
  void discard();

  std::string path_;    // as given; for messages
  mode_t mode_ = 0666;  // a replaced file keeps its permissions
  std::string target_;
  std::string temporary_;
  int fd_ = -1;
};

void write_file(const std::string& path, std::string_view text);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/output_file.hpp"
#endif
