// Saving of results whose file cannot be written.
#pragma once

#include <sys/stat.h>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/files/kept_file.hpp"
#include "litestage/io/files/output_file.hpp"

namespace litestage::io {

namespace detail {

// The first name among NAME, NAME.2, NAME.3, ... that does not exist.
[[nodiscard]] inline std::string free_name(const std::string& name) {
  struct stat status = {};
  std::string tried = name;
  for (int i = 2; ::lstat(tried.c_str(), &status) == 0; ++i) tried = concat(name, ".", i);
  return tried;
}

[[nodiscard]] inline std::string temporary_folder() {
  const char* named = std::getenv("TMPDIR");
  return named == nullptr || *named == '\0' ? "/tmp" : named;
}

}  // namespace detail

LITESTAGE_INLINE KeptFile keep_file(const std::string& path, std::string_view text) {
  KeptFile kept;
  const std::string last = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  std::vector<std::string> places = {path, path + ".kept", concat(detail::temporary_folder(), "/", last, ".kept")};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::string name = i == 0 ? path : detail::free_name(places[i]);
    try {
      write_file(name, text);
      kept.path = name;
      return kept;
    } catch (const Error& e) {
      if (i == 0) kept.problem = e.what();
    }
  }
  return kept;
}

}  // namespace litestage::io
