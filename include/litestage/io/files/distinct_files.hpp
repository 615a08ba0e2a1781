// Whether what a program is going to write would overwrite what it reads, or itself. POSIX.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"

namespace litestage::io {

// A file as it was named to a program: "--json" and the path after it.
struct NamedFile {
  std::string option;
  std::string path;  // empty: the option was not given
};

// An Error where one of the files to be written is among those that are read, or is to be written twice. To be asked
// before any work: afterwards the input is gone.
void check_distinct(std::span<const NamedFile> inputs, std::span<const NamedFile> outputs);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/distinct_files.hpp"
#endif
