// Checks that a program does not overwrite its inputs, or one output with a second one. POSIX.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"

namespace litestage::io {

// A file as named on the command line: "--json" and the path after it.
struct NamedFile {
  std::string option;
  std::string path;  // empty if the option was not given
};

// Throws an Error if a file to be written is also read, or is written twice. Call it before any work, because
// afterwards the input is lost.
void check_distinct(std::span<const NamedFile> inputs, std::span<const NamedFile> outputs);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/distinct_files.hpp"
#endif
