// Files that appear whole or not at all. POSIX.
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

namespace detail {

// The name of a new file is on disk once its folder is; where a folder cannot be synced the file is whole all the same.
void sync_folder_of(const std::string& path);

}  // namespace detail

// Written under a temporary name in the same folder; `commit` puts it in place by renaming, after the bytes have
// reached the disk. Until then, and after any failure, the file of that name is what it was, and nothing else is left.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile() { discard(); }

  void write(std::string_view text);
  void commit();

 private:
  // Where a link points, so that the link survives. Renaming onto a terminal, a pipe or a folder would destroy it.
  std::string resolve(const std::string& path);
  [[noreturn]] void fail(std::string_view what);
  void discard();

  std::string path_;    // as given, for messages
  mode_t mode_ = 0666;  // a file that is replaced keeps its permissions
  std::string target_;
  std::string temporary_;
  int fd_ = -1;
};

void write_file(const std::string& path, std::string_view text);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/output_file.hpp"
#endif
