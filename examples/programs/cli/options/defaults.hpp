// The defaults of programs: the small model of examples/get_model.sh, and the project's questions.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "litestage/core/error.hpp"

// Set by CMake; the questions are also found below the current folder.
#ifndef LITESTAGE_SOURCE_DIR
#define LITESTAGE_SOURCE_DIR "."
#endif

namespace litestage::cli {

inline constexpr const char* default_model_name = "smollm2-135m";

// The folder that examples/get_model.sh uses. XDG_CACHE_HOME is used only if it is absolute, as its specification says.
[[nodiscard]] inline std::filesystem::path model_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string models = variable("LITESTAGE_MODELS"); !models.empty()) return models;
  if (const std::string cache = variable("XDG_CACHE_HOME"); cache.starts_with('/')) {
    return std::filesystem::path(cache) / "litestage";
  }
  if (const std::string home = variable("HOME"); !home.empty()) {
    return std::filesystem::path(home) / ".cache" / "litestage";
  }
  throw Error(
      "--model is not given and HOME is not set, expected --model FILE, or HOME or LITESTAGE_MODELS to say where "
      "models lie");
}

// Path of the model that is used without --model. The file may be missing.
[[nodiscard]] inline std::string default_model_path() {
  return (model_folder() / concat(default_model_name, ".gguf")).string();
}

// `given`, or the default model if it is empty.
[[nodiscard]] inline std::string model_path(const std::string& given) {
  if (!given.empty()) return given;
  const std::string path = default_model_path();
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return path;
  throw Error(concat("--model is not given and ", path, " does not exist; examples/get_model.sh ", default_model_name,
                     " gets it"));
}

// `given`, or the project's test questions (or calibration questions) if it is empty.
[[nodiscard]] inline std::string data_path(const std::string& given, const char* part = "questions_test.jsonl") {
  if (!given.empty()) return given;
  const std::filesystem::path inside = std::filesystem::path("examples") / "data" / part;
  std::error_code ignored;
  for (const std::filesystem::path& path : {std::filesystem::path(LITESTAGE_SOURCE_DIR) / inside, inside}) {
    if (std::filesystem::exists(path, ignored)) return path.string();
  }
  throw Error(concat("--data is not given and the project's questions are not at ",
                     (std::filesystem::path(LITESTAGE_SOURCE_DIR) / inside).string()));
}

}  // namespace litestage::cli
