// Reading of safetensors files.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/json_object.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/io/gguf/byte_reader.hpp"
#include "litestage/io/huggingface/safetensors.hpp"

namespace litestage::io {

namespace detail {

struct ElementType {
  std::string_view name;
  std::size_t bits;
};
inline constexpr std::array<ElementType, 22> element_types = {{
    {"BOOL", 8},        {"U8", 8},      {"I8", 8},      {"U16", 16},    {"I16", 16},    {"F16", 16},
    {"BF16", 16},       {"U32", 32},    {"I32", 32},    {"F32", 32},    {"U64", 64},    {"I64", 64},
    {"F64", 64},        {"C64", 64},    {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E5M2FNUZ", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},
}};

[[nodiscard]] inline std::size_t whole_number(const Form& value, const std::string& what) {
  const std::int64_t number = value.integer(what);
  if (number < 0) throw Error(concat(what, " has ", number, ", expected 0 or more"));
  return number;
}

// The size in bytes of a tensor of this type and shape.
[[nodiscard]] inline std::size_t size_in_bytes(const SafeTensor& t, const std::string& what) {
  const auto* type =
      std::find_if(element_types.begin(), element_types.end(), [&](const ElementType& e) { return e.name == t.type; });
  std::size_t bits = type == element_types.end() ? 0 : type->bits;
  if (bits == 0)
    throw Error(concat(what, " has the unknown type ", in_quotes(t.type), ", expected F32, F16, BF16 or F8_E4M3"));
  for (const std::size_t size : t.shape) {
    if (size != 0 && bits > SIZE_MAX / size) throw Error(concat(what, " has more elements than memory has addresses"));
    bits *= size;
  }
  if (bits % 8 != 0) throw Error(concat(what, " has ", bits, " bits, expected whole bytes"));
  return bits / 8;
}

// A tensor of the header, and where its bytes begin in the data.
struct PlacedTensor {
  const std::string* name;
  std::size_t begin;
  std::size_t size;
};

[[nodiscard]] inline PlacedTensor read_tensor(JsonObject entry, const std::string& what, std::size_t data_size,
                                              SafeTensor& out) {
  out.type = entry.get("dtype").string(entry.name("dtype"));
  for (const Form& size : entry.get("shape").list(entry.name("shape")))
    out.shape.push_back(whole_number(size, entry.name("shape")));
  const Form::List& offsets = entry.get("data_offsets").list(entry.name("data_offsets"));
  if (offsets.size() != 2)
    throw Error(concat(entry.name("data_offsets"), " has ", offsets.size(), " numbers, expected 2"));
  const std::size_t begin = whole_number(offsets[0], entry.name("data_offsets"));
  const std::size_t end = whole_number(offsets[1], entry.name("data_offsets"));
  entry.refuse_the_rest();
  if (begin > end || end > data_size) {
    throw Error(concat(what, " takes the bytes from ", begin, " to ", end, ", but the file has ", data_size,
                       " bytes of data (is the file complete?)"));
  }
  const std::size_t expected = size_in_bytes(out, what);
  if (end - begin != expected)
    throw Error(concat(what, " takes ", end - begin, " bytes, expected ", expected, " by its shape"));
  return {nullptr, begin, end - begin};
}

// The tensors lie one after the other, from the beginning of the data to its end.
inline void check_places(std::vector<PlacedTensor>& placed, std::size_t data_size, const std::string& source) {
  const auto before = [](const PlacedTensor& a, const PlacedTensor& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.size < b.size;
  };
  std::sort(placed.begin(), placed.end(), before);
  std::size_t end = 0;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (placed[i].begin < end) {
      throw Error(concat(source, ": tensors ", in_quotes(*placed[i - 1].name), " and ", in_quotes(*placed[i].name),
                         " overlap"));
    }
    if (placed[i].begin > end) {
      throw Error(concat(source, ": ", placed[i].begin - end, " bytes before tensor ", in_quotes(*placed[i].name),
                         " belong to no tensor, expected none between tensors"));
    }
    end = placed[i].begin + placed[i].size;
  }
  if (end != data_size) {
    throw Error(concat(source, ": has ", data_size, " bytes of data, expected ", end, ", where the last tensor ends"));
  }
}

}  // namespace detail

LITESTAGE_INLINE std::optional<DType> stored_type(const SafeTensor& tensor) {
  if (tensor.type == "F32") return DType::f32;
  if (tensor.type == "F16") return DType::f16;
  if (tensor.type == "BF16") return DType::bf16;
  return std::nullopt;
}

LITESTAGE_INLINE std::string shape_words(const SafeTensor& tensor) {
  std::string shape;
  for (const std::size_t size : tensor.shape) shape += (shape.empty() ? "" : " x ") + std::to_string(size);
  return shape.empty() ? "a single number" : shape;
}

LITESTAGE_INLINE SafeTensors::SafeTensors(const std::string& path) : source_(path) {
  auto file = std::make_shared<const MappedFile>(path);
  bytes_ = file->bytes();
  storage_ = std::move(file);
  parse();
}

LITESTAGE_INLINE SafeTensors::SafeTensors(std::span<const std::byte> bytes, std::string source)
    : source_(std::move(source)), bytes_(bytes) {
  parse();
}

LITESTAGE_INLINE void SafeTensors::parse() {
  constexpr std::size_t longest_header = 100'000'000;  // the format's own limit
  ByteReader in(bytes_, source_);
  const auto length = in.number<std::uint64_t>("the length of the header");
  if (length > longest_header || length > in.left()) {
    throw Error(concat(source_, ": says that its header has ", length, " bytes, expected at most ",
                       std::min(longest_header, in.left()), " (is it a complete safetensors file?)"));
  }
  const std::span<const std::byte> data = bytes_.subspan(8 + length);
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + 8, length);
  if (!text.starts_with('{')) throw Error(concat(source_, ": is not a safetensors file: its header is no JSON object"));
  const Form header = parse_json(text, source_);
  std::vector<detail::PlacedTensor> placed;
  for (const auto& [name, value] : header.map(source_)) {
    if (name == "__metadata__") {
      for (const auto& [key, word] : value.map(source_ + ": key __metadata__")) {
        static_cast<void>(word.string(concat(source_, ": key __metadata__.", shown(key))));
      }
      continue;
    }
    const std::string what = concat(source_, ": tensor ", in_quotes(name));
    const auto entry = tensors_.emplace(name, SafeTensor{}).first;
    placed.push_back(detail::read_tensor(JsonObject(value, what), what, data.size(), entry->second));
    placed.back().name = &entry->first;
    entry->second.contents = data.subspan(placed.back().begin, placed.back().size);
  }
  detail::check_places(placed, data.size(), source_);
}

}  // namespace litestage::io
