// Builds GGUF files in memory, valid and hostile ones: nothing is checked, and every number can be replaced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/tensor.hpp"
#include "litestage/io/gguf/gguf_value.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::test {

using Bytes = std::vector<std::byte>;

class GgufWriter {
 public:
  struct Tensor {
    std::string name{};
    std::vector<std::uint64_t> dims{};  // innermost first
    std::uint32_t type = 0;
    Bytes data{};
    std::optional<std::uint64_t> offset{};  // offset that the header says; by default after the previous tensor
  };

  // Numbers of the header that differ from the truth.
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::optional<std::uint64_t> n_tensors{}, n_pairs{};
  std::size_t alignment = 32;  // of the data; the caller adds the key general.alignment

  // A pair of the given type; `value` is its bytes as they are.
  GgufWriter& raw(std::string_view key, io::GgufType type, const Bytes& value) {
    text(pairs_, key);
    number(pairs_, static_cast<std::uint32_t>(type));
    pairs_.insert(pairs_.end(), value.begin(), value.end());
    ++pairs_written_;
    return *this;
  }
  template <class T>
  GgufWriter& add(std::string_view key, const T& value) {
    Bytes bytes;
    put(bytes, value);
    return raw(key, type_of(static_cast<const T*>(nullptr)), bytes);
  }
  GgufWriter& add(std::string_view key, const char* value) { return add(key, std::string(value)); }

  GgufWriter& add(Tensor tensor) {
    tensors_.push_back(std::move(tensor));
    return *this;
  }
  GgufWriter& add(const RawTensor& t) {
    Tensor tensor{t.name, {t.columns}, info(t.type).gguf_id, Bytes(t.data, t.data + t.bytes()), std::nullopt};
    if (t.rows != 1) tensor.dims.push_back(t.rows);
    return add(std::move(tensor));
  }
  [[nodiscard]] std::vector<Tensor>& tensors() { return tensors_; }

  [[nodiscard]] Bytes bytes() const {
    Bytes out, data;
    for (char c : magic) out.push_back(static_cast<std::byte>(c));
    number(out, version);
    number(out, n_tensors.value_or(tensors_.size()));
    number(out, n_pairs.value_or(pairs_written_));
    out.insert(out.end(), pairs_.begin(), pairs_.end());
    for (const Tensor& t : tensors_) {
      data.resize((data.size() + alignment - 1) / alignment * alignment);
      text(out, t.name);
      number(out, static_cast<std::uint32_t>(t.dims.size()));
      for (std::uint64_t d : t.dims) number(out, d);
      number(out, t.type);
      number(out, t.offset.value_or(data.size()));
      data.insert(data.end(), t.data.begin(), t.data.end());
    }
    if (!tensors_.empty()) out.resize((out.size() + alignment - 1) / alignment * alignment);
    out.insert(out.end(), data.begin(), data.end());
    return out;
  }

  template <class T>
  static void number(Bytes& out, T value) {
    const auto* first = reinterpret_cast<const std::byte*>(&value);
    out.insert(out.end(), first, first + sizeof(T));
  }
  static void text(Bytes& out, std::string_view value) {
    number(out, static_cast<std::uint64_t>(value.size()));
    for (char c : value) out.push_back(static_cast<std::byte>(c));
  }

  static io::GgufType type_of(const std::uint8_t*) { return io::GgufType::u8; }
  static io::GgufType type_of(const std::int8_t*) { return io::GgufType::i8; }
  static io::GgufType type_of(const std::uint16_t*) { return io::GgufType::u16; }
  static io::GgufType type_of(const std::int16_t*) { return io::GgufType::i16; }
  static io::GgufType type_of(const std::uint32_t*) { return io::GgufType::u32; }
  static io::GgufType type_of(const std::int32_t*) { return io::GgufType::i32; }
  static io::GgufType type_of(const std::uint64_t*) { return io::GgufType::u64; }
  static io::GgufType type_of(const std::int64_t*) { return io::GgufType::i64; }
  static io::GgufType type_of(const float*) { return io::GgufType::f32; }
  static io::GgufType type_of(const double*) { return io::GgufType::f64; }
  static io::GgufType type_of(const bool*) { return io::GgufType::boolean; }
  static io::GgufType type_of(const std::string*) { return io::GgufType::string; }
  template <class T>
  static io::GgufType type_of(const std::vector<T>*) {
    return io::GgufType::array;
  }
  template <class T>
  static void put(Bytes& out, const T& value) {
    number(out, value);
  }
  static void put(Bytes& out, const std::string& value) { text(out, value); }
  template <class T>
  static void put(Bytes& out, const std::vector<T>& list) {
    number(out, static_cast<std::uint32_t>(type_of(static_cast<const T*>(nullptr))));
    number(out, static_cast<std::uint64_t>(list.size()));
    for (const T& item : list) put(out, item);
  }

 private:
  Bytes pairs_;
  std::size_t pairs_written_ = 0;
  std::vector<Tensor> tensors_;
};

// Matrices or vectors of one type, one after the other in a tensor.
[[nodiscard]] inline GgufWriter::Tensor joined(const std::string& name, const std::vector<const RawTensor*>& parts) {
  GgufWriter::Tensor tensor{name, {parts[0]->columns}, info(parts[0]->type).gguf_id, {}, std::nullopt};
  if (parts[0]->rows != 1) tensor.dims.push_back(0);
  std::uint64_t& size = tensor.dims.back();
  size = 0;
  for (const RawTensor* part : parts) {
    size += part->rows == 1 ? part->columns : part->rows;
    tensor.data.insert(tensor.data.end(), part->data, part->data + part->bytes());
  }
  return tensor;
}

// The file of a model in memory, with the names and keys of its architecture. `joint_qkv`: Q, K and V in one matrix, as
// phi3 always has them.
[[nodiscard]] inline GgufWriter gguf_of(const ModelSource& source, bool joint_qkv = false) {
  const ModelConfig& c = source.config;
  const std::string arch = c.architecture + ".";
  const auto u32 = [](int value) { return static_cast<std::uint32_t>(value); };
  GgufWriter out;
  out.add("general.architecture", c.architecture)
      .add(arch + "block_count", u32(c.n_layers))
      .add(arch + "embedding_length", u32(c.hidden))
      .add(arch + "feed_forward_length", u32(c.ffn))
      .add(arch + "attention.head_count", u32(c.n_heads))
      .add(arch + "attention.head_count_kv", u32(c.n_kv_heads))
      .add(arch + "attention.key_length", u32(c.head_dim))
      .add(arch + "attention.value_length", u32(c.head_dim))
      .add(arch + "attention.layer_norm_rms_epsilon", c.norm_eps)
      .add(arch + "rope.freq_base", static_cast<float>(c.rope.base))
      .add(arch + "rope.dimension_count", u32(c.rope.rotary_dim))
      .add(arch + "context_length", u32(c.max_context));
  if (c.window != 0) out.add(arch + "attention.sliding_window", u32(c.window));
  if (c.architecture == "gemma3") out.add(arch + "rope.freq_base_swa", static_cast<float>(c.local_rope.base));
  const bool phi3 = c.architecture == "phi3";
  out.add(source.tensors.embedding).add(source.tensors.final_norm);
  if (!source.tensors.head.empty()) out.add(source.tensors.head);
  for (std::size_t l = 0; l < source.tensors.layers.size(); ++l) {
    const LayerTensors& t = source.tensors.layers[l];
    const std::string prefix = concat("blk.", l, ".");
    std::vector<const RawTensor*> alone{&t.attention_norm,      &t.q_norm,   &t.k_norm, &t.wo,
                                        &t.attention_post_norm, &t.mlp_norm, &t.w_down, &t.mlp_post_norm};
    if (phi3 || joint_qkv) {
      out.add(joined(prefix + "attn_qkv.weight", {&t.wq, &t.wk, &t.wv}));
      if (!t.bq.empty()) out.add(joined(prefix + "attn_qkv.bias", {&t.bq, &t.bk, &t.bv}));
    } else {
      alone.insert(alone.end(), {&t.wq, &t.wk, &t.wv, &t.bq, &t.bk, &t.bv});
    }
    if (phi3)
      out.add(joined(prefix + "ffn_up.weight", {&t.w_gate, &t.w_up}));
    else
      alone.insert(alone.end(), {&t.w_gate, &t.w_up});
    for (const RawTensor* tensor : alone) {
      if (!tensor->empty()) out.add(*tensor);
    }
  }
  return out;
}

}  // namespace litestage::test
