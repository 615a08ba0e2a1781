// Small random models of every family, made by the library transformers, and the logits that it computed of them:
// tests/crosscheck/transformers_logits.py wrote the folders in tests/data/families.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "litestage/io/files/json.hpp"
#include "litestage/io/model_file.hpp"

namespace litestage::test {

inline constexpr const char* recorded_families[] = {"llama", "mistral", "qwen2", "qwen3", "smollm3", "gemma3", "phi3"};

struct RecordedModel {
  explicit RecordedModel(const std::string& family) : file(folder_of(family)) {
    const std::string path = folder_of(family) + "/logits.json";
    const Form recorded = io::read_json_file(path);
    const auto list = [&](const char* key) { return recorded.at(key, path).list(path); };
    for (const Form& token : list("tokens")) tokens.push_back(static_cast<int>(token.integer(path)));
    for (const Form& position : list("positions")) {
      positions.push_back(static_cast<std::size_t>(position.integer(path)));
    }
    for (const Form& row : list("logits")) {
      std::vector<double>& values = logits.emplace_back();
      for (const Form& value : row.list(path)) values.push_back(value.number(path));
    }
  }

  [[nodiscard]] static std::string folder_of(const std::string& family) {
    return (std::filesystem::path(__FILE__).parent_path() / "../data/families" / family).string();
  }

  io::ModelFile file;
  std::vector<int> tokens{};
  std::vector<std::size_t> positions{};       // whose logits are recorded, ascending
  std::vector<std::vector<double>> logits{};  // [positions, vocab]
};

}  // namespace litestage::test
