// The tensors of a model's folder: those of model.safetensors, or of the shards that model.safetensors.index.json
// lists.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/io/huggingface/safetensors.hpp"

namespace litestage::io {

class FolderTensors {
 public:
  explicit FolderTensors(const std::string& folder);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  // The files' paths, in the order of their names; the index, where there is one, is the first.
  [[nodiscard]] const std::vector<std::string>& paths() const { return paths_; }
  [[nodiscard]] bool has(std::string_view name) const { return tensors_.contains(name); }

  // A matrix in its type; one in F8_E4M3 is written as F16, which has all its values. `needed`: an Error if it is
  // missing.
  [[nodiscard]] RawTensor matrix(const std::string& name, bool needed = true);
  // A norm or bias in F32, as one row, with `offset` added to each number. An Error if it is missing.
  [[nodiscard]] RawTensor vector(const std::string& name, float offset = 0);
  // Throws an Error that names a tensor which was not taken.
  void refuse_the_rest(std::string_view architecture) const;

  // Keeps the memory of all tensors that were taken.
  [[nodiscard]] std::shared_ptr<const void> storage() const { return storage_; }

 private:
  struct Storage;
  struct Entry {
    const SafeTensors* file = nullptr;
    const SafeTensor* tensor = nullptr;
    bool taken = false;
  };

  void add_shards(const std::string& folder, const std::string& index);
  void add(const SafeTensors& file);
  [[nodiscard]] RawTensor take(const std::string& name, bool needed, std::size_t rank);

  std::string folder_;
  std::vector<std::string> paths_{};
  std::map<std::string, Entry, std::less<>> tensors_{};
  std::shared_ptr<Storage> storage_;
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/huggingface/definitions/folder_tensors.hpp"
#endif
