// Comparison of files by identity.
#pragma once

#include <sys/stat.h>
#include <unistd.h>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/files/distinct_files.hpp"

namespace litestage::io {

namespace detail {

// Two paths to the same file have equal identities, whether they differ by links, by spelling or by hard links. A file
// that does not exist yet is identified by its folder and its name in it.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  std::string name = {};  // name in the folder (device, inode); empty if device and inode are those of the file
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// The target of a symbolic link whose target does not exist yet; `path` itself if it is no link.
[[nodiscard]] inline std::string end_of_links(std::string path) {
  constexpr int most = 40;  // the limit of the system
  for (int i = 0; i < most; ++i) {
    char target[4096];
    const ssize_t n = ::readlink(path.c_str(), target, sizeof target);
    if (n < 0) break;
    const std::string_view to(target, n);
    const std::size_t slash = path.rfind('/');
    if (to.starts_with('/') || slash == std::string::npos)
      path = to;
    else
      path = path.substr(0, slash + 1).append(to);
  }
  return path;
}

[[nodiscard]] inline FileIdentity identity_of(const std::string& given) {
  struct stat status = {};
  if (::stat(given.c_str(), &status) == 0) return {.device = status.st_dev, .inode = status.st_ino};
  const std::string path = end_of_links(given);
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (::stat(folder.c_str(), &status) != 0) return {.name = path};  // writing will fail, and the writer reports it
  return {.device = status.st_dev, .inode = status.st_ino, .name = path.substr(slash + 1)};  // npos + 1 is 0
}

}  // namespace detail

LITESTAGE_INLINE void check_distinct(std::span<const NamedFile> inputs, std::span<const NamedFile> outputs) {
  struct Known {
    const NamedFile* file;
    detail::FileIdentity identity;
  };
  std::vector<Known> written;
  for (const NamedFile& output : outputs) {
    if (output.path.empty()) continue;
    const detail::FileIdentity identity = detail::identity_of(output.path);
    for (const NamedFile& input : inputs) {
      if (input.path.empty() || detail::identity_of(input.path) != identity) continue;
      throw Error(concat(output.option, " ", output.path, ": is the file that ", input.option,
                         " reads, expected a file that is only written"));
    }
    for (const Known& other : written) {
      if (other.identity != identity) continue;
      throw Error(concat(output.option, " ", output.path, ": is the file that ", other.file->option,
                         " writes too, expected a file for each"));
    }
    written.push_back({&output, identity});
  }
}

}  // namespace litestage::io
