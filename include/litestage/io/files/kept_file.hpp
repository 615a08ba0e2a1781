// Finished work on its way into a file that may not be there to take it: the disk is full by now, or the name has
// become that of a folder. POSIX.
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

// Where a text was written.
struct KeptFile {
  std::string path;     // empty: nowhere
  std::string problem;  // why it is not where it was wanted; empty where it is
};

// Writes `text` to `path`. Where that cannot be done it goes to a new file beside it (PATH.kept), else to one in the
// folder for temporary files. No file is overwritten but `path` itself.
[[nodiscard]] KeptFile keep_file(const std::string& path, std::string_view text);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/kept_file.hpp"
#endif
