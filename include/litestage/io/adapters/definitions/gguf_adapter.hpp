// The format: ggml-org/llama.cpp convert_lora_to_gguf.py and src/llama-adapter.cpp.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/adapters/check_pair.hpp"
#include "litestage/io/adapters/gguf_adapter.hpp"
#include "litestage/io/families/known_families.hpp"
#include "litestage/io/gguf/fingerprint.hpp"

namespace litestage::io {

namespace detail {

inline void expect_key(const Gguf& file, std::string_view key, std::string_view expected) {
  const auto found = file.get<std::string>(key);
  if (found == expected) return;
  throw Error(concat(file.source(), ": key ", key, " is ", in_quotes(found), ", expected ", in_quotes(expected)));
}

// The name of a task changes no weight. Other keys, such as the tokens after which an adapter is active, change
// results.
inline void refuse_other_adapter_keys(const Gguf& file) {
  constexpr std::string_view known_keys[] = {"adapter.type", "adapter.lora.alpha", "adapter.lora.task_name",
                                             "adapter.lora.prompt_prefix"};
  constexpr const char* prefix_key = "adapter.lora.prompt_prefix";
  if (const std::string prefix = file.find<std::string>(prefix_key).value_or(""); !prefix.empty()) {
    throw Error(concat(file.source(), ": key ", prefix_key, " is ", in_quotes(prefix), ", expected an empty text: ",
                       "programs would have to put it before every prompt, which none here does"));
  }
  for (auto entry = file.metadata().lower_bound("adapter."); entry != file.metadata().end(); ++entry) {
    if (!entry->first.starts_with("adapter.")) return;
    if (std::find(std::begin(known_keys), std::end(known_keys), entry->first) != std::end(known_keys)) continue;
    throw Error(concat(file.source(), ": key ", in_quotes(entry->first), " is not supported"));
  }
}

[[nodiscard]] inline MatrixPlace adapted_place(const Gguf& file, std::string_view tensor, std::string_view matrix,
                                               const ModelFamily& family) {
  if (const std::optional<MatrixPlace> place = place_of_tensor(matrix, family.joint_mlp)) return *place;
  throw Error(concat(file.source(), ": tensor ", in_quotes(tensor),
                     " is for a matrix that no model of the architecture ", family.architecture,
                     " has, expected names such as blk.0.attn_q.weight.lora_a"));
}

}  // namespace detail

LITESTAGE_INLINE LoraAdapter read_gguf_adapter(const Gguf& file, const LoraChoice& choice) {
  detail::expect_key(file, "general.type", "adapter");
  detail::expect_key(file, "adapter.type", "lora");
  const double alpha = file.get<double>("adapter.lora.alpha");
  detail::refuse_other_adapter_keys(file);
  const ModelFamily& family = family_of(file);
  LoraAdapter out;
  out.choice = choice;
  out.architecture = family.architecture;
  out.pairing = family.pairing;
  for (const GgufTensor& tensor : file.tensors()) {
    constexpr std::string_view a_ending = ".lora_a", b_ending = ".lora_b";
    const bool is_a = tensor.name.ends_with(a_ending);
    if (!is_a && !tensor.name.ends_with(b_ending)) {
      throw Error(concat(file.source(), ": tensor ", in_quotes(tensor.name), " is not supported, expected names that ",
                         "end in .lora_a or .lora_b"));
    }
    const std::string matrix(tensor.name.substr(0, tensor.name.size() - a_ending.size()));
    const MatrixPlace place = detail::adapted_place(file, tensor.name, matrix, family);
    const RawTensor a = file.tensor(concat(matrix, a_ending)), b = file.tensor(concat(matrix, b_ending));
    if (a.empty() || b.empty()) {
      throw Error(concat(file.source(), ": tensor ", in_quotes(tensor.name), " has no ", is_a ? "lora_b" : "lora_a",
                         " beside it, expected both"));
    }
    if (!is_a) continue;  // a pair is made when A is met
    // That of an embedding has the vocabulary's side as [vocab, rank] and the other as [hidden, rank].
    const bool of_embedding = place.role == MatrixRole::embedding;
    const LoraFactor inputs = of_embedding ? LoraFactor{b, true} : LoraFactor{a, false};
    const LoraFactor outputs = of_embedding ? LoraFactor{a, false} : LoraFactor{b, false};
    const auto rank = static_cast<double>(inputs.rows());
    out.pairs.push_back({place, inputs, outputs, alpha == 0 ? 1 : alpha / rank});  // 0 says that there is no alpha
    check_pair(out.pairs.back(), file.source());
  }
  if (out.pairs.empty()) throw Error(concat(file.source(), ": has no tensors, expected those of an adapter"));
  out.fingerprint = fingerprint(file);
  out.storage = file.storage();
  return out;
}

}  // namespace litestage::io
