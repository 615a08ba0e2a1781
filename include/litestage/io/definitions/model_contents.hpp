// Opens models of either form.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "litestage/io/files/mapped_file.hpp"
#include "litestage/io/files/path_name.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"
#include "litestage/io/gguf/split_files.hpp"
#include "litestage/io/huggingface/folder_source.hpp"
#include "litestage/io/huggingface/folder_vocabulary.hpp"
#include "litestage/io/model_contents.hpp"

namespace litestage::io {

namespace detail {

// The file, and if it is a part of a split model, the other parts that exist.
[[nodiscard]] inline std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> paths = {path};
  std::optional<SplitName> name = split_name(path);
  for (int i = 1; name && i <= name->count; ++i) {
    name->number = i;
    std::error_code ignored;
    if (name->path() != path && std::filesystem::exists(name->path(), ignored)) paths.push_back(name->path());
  }
  return paths;
}

// Files beside the weights, of which a folder needs the first two.
inline constexpr std::string_view beside_weights[] = {"config.json", "tokenizer.json", "tokenizer_config.json",
                                                      "generation_config.json", "chat_template.jinja"};

[[nodiscard]] inline std::string file_fingerprint(const std::string& path) {
  // A text may be empty, which a mapping may not be.
  std::error_code ignored;
  if (std::filesystem::file_size(path, ignored) == 0) return fingerprint(std::span<const std::byte>());
  return fingerprint(MappedFile(path).bytes());
}

// The fingerprint of the fingerprints of all files, by their names in the folder.
[[nodiscard]] inline std::string folder_fingerprint(const std::string& folder,
                                                    const std::vector<std::string>& weights) {
  std::string all;
  std::error_code ignored;
  for (const std::string_view name : beside_weights) {
    const std::string path = concat(folder, "/", name);
    if (std::filesystem::exists(path, ignored)) all += concat(name, " ", file_fingerprint(path), "\n");
  }
  for (const std::string& path : weights) {
    all += concat(std::filesystem::path(path).filename().string(), " ", file_fingerprint(path), "\n");
  }
  return fingerprint(std::as_bytes(std::span<const char>(all)));
}

[[nodiscard]] inline ModelContents read_folder(const std::string& folder) {
  FolderSource source = read_folder_source(folder);
  ModelContents out;
  out.vocabulary = read_folder_vocabulary(folder);
  pad_vocabulary(out.vocabulary, source.model.config.vocab, folder);
  out.tokenizer_file = file_fingerprint(folder + "/tokenizer.json");
  out.source = std::move(source.model);
  out.fingerprints = [folder, paths = std::move(source.paths)] {
    return ModelFingerprints{folder_fingerprint(folder, paths), {}};
  };
  return out;
}

}  // namespace detail

LITESTAGE_INLINE ModelContents read_model_contents(const std::string& path) {
  if (is_folder(path)) return detail::read_folder(folder_name(path));
  const auto file = std::make_shared<const Gguf>(path);
  ModelContents out;
  out.source = read_model_source(*file);
  out.vocabulary = read_vocabulary(*file);
  out.fingerprints = [file] { return ModelFingerprints{fingerprint(*file), sampled_fingerprint(*file)}; };
  return out;
}

LITESTAGE_INLINE ModelSource read_model_weights(const std::string& path) {
  if (is_folder(path)) return read_folder_source(folder_name(path)).model;
  return read_model_source(path);
}

LITESTAGE_INLINE Vocabulary read_model_vocabulary(const std::string& path) {
  return is_folder(path) ? read_folder_vocabulary(folder_name(path)) : read_vocabulary(Gguf(path));
}

LITESTAGE_INLINE std::vector<std::string> model_paths(const std::string& path) {
  if (!is_folder(path)) return detail::parts_of(path);
  std::vector<std::string> paths;
  std::error_code ignored;
  for (const std::string_view name : detail::beside_weights) {
    if (std::filesystem::exists(concat(path, "/", name), ignored)) paths.push_back(concat(path, "/", name));
  }
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json"))
      paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace litestage::io
