// Takes the tensors of a model out of a GGUF file by their names, and refuses those that nobody took.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/gguf/gguf.hpp"

namespace litestage::io {

class TensorTaker {
 public:
  explicit TensorTaker(const Gguf& file) : file_(file) {
    for (const GgufTensor& t : file.tensors()) left_.push_back(t.name);
    std::sort(left_.begin(), left_.end());
  }
  [[nodiscard]] const std::string& source() const { return file_.source(); }
  [[nodiscard]] RawTensor optional(const std::string& name) {
    const auto found = std::lower_bound(left_.begin(), left_.end(), std::string_view(name));
    if (found != left_.end() && *found == name) left_.erase(found);
    return file_.tensor(name);
  }
  [[nodiscard]] RawTensor required(const std::string& name) {
    RawTensor tensor = optional(name);
    if (tensor.empty()) throw Error(concat(file_.source(), ": tensor ", name, " is missing"));
    return tensor;
  }
  // Reads norms, biases and factors, which every tool that writes GGUF stores in F32.
  [[nodiscard]] RawTensor vector(const std::string& name, bool needed) {
    RawTensor tensor = needed ? required(name) : optional(name);
    if (!tensor.empty() && tensor.type != DType::f32) {
      throw Error(concat(file_.source(), ": tensor ", name, " is ", litestage::name(tensor.type), ", expected F32"));
    }
    return tensor;
  }
  // The numbers of such a vector; none if there is no tensor of this name.
  [[nodiscard]] std::vector<float> floats(const std::string& name) {
    const RawTensor tensor = vector(name, false);
    std::vector<float> values(tensor.empty() ? 0 : tensor.rows * tensor.columns);
    if (!tensor.empty()) std::memcpy(values.data(), tensor.data, tensor.bytes());
    return values;
  }
  void refuse_the_rest(std::string_view architecture) const {
    if (left_.empty()) return;
    throw Error(concat(file_.source(), ": tensor ", in_quotes(left_.front()), " is not supported in the architecture ",
                       architecture));
  }

 private:
  const Gguf& file_;
  std::vector<std::string_view> left_;  // not requested yet, in order
};

}  // namespace litestage::io
