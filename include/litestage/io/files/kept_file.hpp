// Saves finished work if its file cannot be written, for example because the disk became full or the path became a
// folder. POSIX.
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

// Where a text was written.
struct KeptFile {
  std::string path;     // empty if it was written nowhere
  std::string problem;  // why it is not at the requested path; empty if it is
};

// Writes `text` to `path`. If that fails, writes it to a new file next to it (PATH.kept), or else to the folder for
// temporary files. No file but `path` itself is overwritten.
[[nodiscard]] KeptFile keep_file(const std::string& path, std::string_view text);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/kept_file.hpp"
#endif
