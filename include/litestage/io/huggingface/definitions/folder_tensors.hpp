// Finds the tensors of a model's folder, and converts those that no backend reads as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/numeric.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/json_object.hpp"
#include "litestage/io/huggingface/folder_tensors.hpp"

namespace litestage::io {

struct FolderTensors::Storage {
  std::deque<SafeTensors> files{};
  std::deque<Buffer<std::byte>> buffers{};  // converted tensors

  [[nodiscard]] std::byte* allocate(std::size_t bytes) { return buffers.emplace_back(bytes).data(); }
};

namespace detail {

inline constexpr std::string_view whole_model = "model.safetensors", shard_index = "model.safetensors.index.json";

[[nodiscard]] inline bool is_bare_file_name(std::string_view name) {
  return name.ends_with(".safetensors") && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

// The file in which each tensor lies.
[[nodiscard]] inline std::map<std::string, std::string> read_index(const std::string& path) {
  const Form form = read_json_file(path);
  JsonObject keys(form, path);
  static constexpr std::string_view passed[] = {"metadata"};  // sizes and counts, for information
  keys.pass_over(passed);
  const Form::Map& map = keys.get("weight_map").map(keys.name("weight_map"));
  keys.refuse_the_rest();
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, shard] : map) {
    const std::string what = concat(keys.name("weight_map"), ": ", in_quotes(tensor));
    const std::string& name = shard.string(what);
    if (!is_bare_file_name(name)) {
      throw Error(concat(what, " is in ", in_quotes(name), ", expected the name of a .safetensors file in the folder"));
    }
    shards.emplace(tensor, name);
  }
  return shards;
}

[[nodiscard]] inline std::optional<DType> stored_type(std::string_view type) {
  if (type == "F32") return DType::f32;
  if (type == "F16") return DType::f16;
  if (type == "BF16") return DType::bf16;
  return std::nullopt;
}

// A number of E4M3 without infinities (F8_E4M3FN): a sign, four bits of exponent with a bias of 7, three bits. All
// values are among those of F16.
[[nodiscard]] inline f16 f16_of_e4m3(std::uint8_t bits) {
  const auto sign = static_cast<std::uint16_t>((bits & 0x80) << 8);
  const unsigned exponent = (bits >> 3) & 15u, mantissa = bits & 7u;
  if (exponent == 15 && mantissa == 7) return {static_cast<std::uint16_t>(sign | 0x7e00)};  // NaN
  if (exponent == 0) return {static_cast<std::uint16_t>(sign | to_f16(static_cast<float>(mantissa) * 0x1p-9f).bits)};
  return {static_cast<std::uint16_t>(sign | ((exponent + 8) << 10) | (mantissa << 7))};
}

// Tables of angles, which older files hold though they follow from the configuration.
[[nodiscard]] inline bool follows_from_config(std::string_view name) {
  return name.ends_with(".rotary_emb.inv_freq");
}

[[nodiscard]] inline std::string shape_of(const SafeTensor& t) {
  std::string shape;
  for (const std::size_t size : t.shape) shape += (shape.empty() ? "" : " x ") + std::to_string(size);
  return shape.empty() ? "a single number" : shape;
}

}  // namespace detail

LITESTAGE_INLINE FolderTensors::FolderTensors(const std::string& folder)
    : folder_(folder), storage_(std::make_shared<Storage>()) {
  const auto path = [&](std::string_view name) { return concat(folder, "/", name); };
  std::error_code ignored;
  if (std::filesystem::exists(path(detail::whole_model), ignored)) {
    paths_ = {path(detail::whole_model)};
    add(storage_->files.emplace_back(paths_[0]));
  } else if (std::filesystem::exists(path(detail::shard_index), ignored)) {
    add_shards(folder, path(detail::shard_index));
  } else {
    throw Error(
        concat(folder, ": has neither ", detail::whole_model, " nor ", detail::shard_index, ", expected one of them"));
  }
}

LITESTAGE_INLINE void FolderTensors::add(const SafeTensors& file) {
  for (const auto& [name, tensor] : file.tensors()) {
    if (tensors_.emplace(name, Entry{&file, &tensor}).second) continue;
    throw Error(concat(file.source(), ": tensor ", in_quotes(name), " is in another shard too, expected it in one"));
  }
}

LITESTAGE_INLINE void FolderTensors::add_shards(const std::string& folder, const std::string& index) {
  const std::map<std::string, std::string> shard_of = detail::read_index(index);
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : shard_of) shards.insert(shard);
  paths_ = {index};
  for (const std::string& shard : shards) {
    paths_.push_back(concat(folder, "/", shard));
    std::error_code ignored;
    if (!std::filesystem::exists(paths_.back(), ignored)) {
      throw Error(concat(paths_.back(), ": is missing, expected the shard that ", detail::shard_index, " names"));
    }
    add(storage_->files.emplace_back(paths_.back()));
  }
  for (const auto& [tensor, shard] : shard_of) {
    const auto found = tensors_.find(tensor);
    const std::string path = concat(folder, "/", shard);
    if (found == tensors_.end() || found->second.file->source() != path) {
      throw Error(concat(path, ": has no tensor ", in_quotes(tensor), ", expected it by ", detail::shard_index));
    }
  }
  for (const auto& [name, entry] : tensors_) {
    if (shard_of.contains(name)) continue;
    throw Error(concat(entry.file->source(), ": tensor ", in_quotes(name), " is not in ", detail::shard_index,
                       ", expected it there"));
  }
}

LITESTAGE_INLINE RawTensor FolderTensors::take(const std::string& name, bool needed, std::size_t rank) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    if (needed) throw Error(concat(folder_, ": tensor ", name, " is missing"));
    return {};
  }
  const SafeTensor& t = *found->second.tensor;
  const std::string what = concat(found->second.file->source(), ": tensor ", name);
  if (t.shape.size() != rank) {
    throw Error(
        concat(what, " is ", detail::shape_of(t), ", expected ", rank, rank == 1 ? " dimension" : " dimensions"));
  }
  if (t.contents.empty()) throw Error(concat(what, " is ", detail::shape_of(t), ", expected sizes above 0"));
  const std::size_t rows = rank == 1 ? 1 : t.shape[0], columns = t.shape.back();
  found->second.taken = true;
  if (const std::optional<DType> type = detail::stored_type(t.type))
    return {name, *type, rows, columns, t.contents.data()};
  if (t.type != "F8_E4M3") throw Error(concat(what, " is ", t.type, ", expected F32, F16, BF16 or F8_E4M3"));
  std::byte* out = storage_->allocate(2 * t.contents.size());
  for (std::size_t i = 0; i < t.contents.size(); ++i) {
    const f16 value = detail::f16_of_e4m3(static_cast<std::uint8_t>(t.contents[i]));
    std::memcpy(out + 2 * i, &value, sizeof(value));
  }
  return {name, DType::f16, rows, columns, out};
}

LITESTAGE_INLINE RawTensor FolderTensors::matrix(const std::string& name, bool needed) {
  return take(name, needed, 2);
}

LITESTAGE_INLINE RawTensor FolderTensors::vector(const std::string& name, float offset) {
  const RawTensor stored = take(name, true, 1);
  std::vector<float> values(stored.columns);
  dequantize_row(stored.type, stored.data, values.data(), values.size());
  for (float& value : values) value += offset;
  std::byte* out = storage_->allocate(values.size() * sizeof(float));
  std::memcpy(out, values.data(), values.size() * sizeof(float));
  return {name, DType::f32, 1, stored.columns, out};
}

LITESTAGE_INLINE void FolderTensors::refuse_the_rest(std::string_view architecture) const {
  for (const auto& [name, entry] : tensors_) {
    if (entry.taken || detail::follows_from_config(name)) continue;
    throw Error(concat(entry.file->source(), ": tensor ", in_quotes(name), " is not supported in the architecture ",
                       architecture));
  }
}

}  // namespace litestage::io
