// Names of paths.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

#include "litestage/io/files/path_name.hpp"

namespace litestage::io {

LITESTAGE_INLINE bool is_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

LITESTAGE_INLINE std::string folder_name(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

LITESTAGE_INLINE std::string name_of_path(const std::string& path) {
  const std::filesystem::path given = std::filesystem::path(path).lexically_normal();
  const std::filesystem::path named = given.has_filename() ? given : given.parent_path();
  const bool is_relative = named == "." || named == "..";
  const std::filesystem::path whole =
      is_relative ? std::filesystem::absolute(named / "").lexically_normal().parent_path() : named;
  return whole.filename().string();
}

}  // namespace litestage::io
