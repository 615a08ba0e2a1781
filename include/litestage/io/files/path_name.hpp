// Paths of models and adapters, which are those of files or folders.
#pragma once

#include <string>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

[[nodiscard]] bool is_folder(const std::string& path);

// Without slashes at the end.
[[nodiscard]] std::string folder_name(std::string path);

// The last part of a path: "name" of "models/name/". "." and ".." have the name of the folder that they are.
[[nodiscard]] std::string name_of_path(const std::string& path);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/path_name.hpp"
#endif
