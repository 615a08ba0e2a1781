// Reading and checking of GGUF files.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/tensor.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/io/gguf/byte_reader.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/gguf_read_value.hpp"
#include "litestage/io/gguf/gguf_value.hpp"
#include "litestage/io/gguf/split_files.hpp"

namespace litestage::io {

LITESTAGE_INLINE Gguf::Gguf(const std::string& path) : Gguf(std::make_shared<const MappedFile>(path)) {
  if (split_count(*this) > 1) *this = with_other_parts(std::move(*this));
}
LITESTAGE_INLINE Gguf Gguf::one_file(const std::string& path) {
  return Gguf(std::make_shared<const MappedFile>(path));
}
LITESTAGE_INLINE Gguf::Gguf(std::span<const std::byte> bytes, std::string source) : source_(std::move(source)) {
  parse(bytes);
}
LITESTAGE_INLINE Gguf::Gguf(Gguf&&) noexcept = default;
LITESTAGE_INLINE Gguf& Gguf::operator=(Gguf&&) noexcept = default;
LITESTAGE_INLINE Gguf::~Gguf() = default;

LITESTAGE_INLINE Gguf::Gguf(std::shared_ptr<const MappedFile> file) : source_(file->path()) {
  parse(file->bytes());
  storage_ = std::move(file);
}

namespace detail {

inline constexpr std::size_t max_dims = 4;  // of the format

[[nodiscard]] inline std::string known_dtypes() {
  std::string list;
  for (const DTypeInfo& entry : dtype_table) {
    list += concat(list.empty() ? "" : ", ", entry.name, " (", entry.gguf_id, ")");
  }
  return list;
}

// Size of the tensor in bytes. Throws an Error if its shape is impossible; no product may overflow.
[[nodiscard]] inline std::size_t tensor_bytes(const GgufTensor& t, const std::string& what) {
  const DTypeInfo& format = info(t.type);
  if (t.dims[0] % format.block_size != 0) {
    throw Error(concat(what, " has rows of ", t.dims[0], " elements, expected a multiple of ", format.block_size,
                       " for ", format.name));
  }
  std::size_t bytes = t.dims[0] / format.block_size;
  bool fits = bytes <= SIZE_MAX / format.block_bytes;
  bytes *= format.block_bytes;
  for (std::size_t d = 1; d < t.dims.size() && fits; ++d) {
    fits = bytes <= SIZE_MAX / t.dims[d];
    bytes *= t.dims[d];
  }
  if (!fits) throw Error(concat(what, " has more elements than memory has addresses"));
  return bytes;
}

// Reads name, dimensions, type and offset, and checks them as far as possible without the data section.
[[nodiscard]] inline GgufTensor read_tensor_info(ByteReader& in) {
  GgufTensor t;
  t.name = in.text("the name of a tensor");
  const std::string tensor = "tensor " + in_quotes(t.name);
  const auto n_dims = in.number<std::uint32_t>(tensor);
  if (n_dims < 1 || n_dims > max_dims) {
    throw Error(concat(in.source(), ": ", tensor, " has ", n_dims, " dimensions, expected 1 to ", max_dims));
  }
  for (std::uint32_t d = 0; d < n_dims; ++d) {
    t.dims.push_back(in.number<std::uint64_t>(tensor));
    if (t.dims.back() == 0) throw Error(concat(in.source(), ": ", tensor, " has a dimension of 0, expected 1 or more"));
  }
  const auto id = in.number<std::uint32_t>(tensor);
  const std::optional<DType> type = dtype_from_gguf(id);
  if (!type) {
    throw Error(concat(in.source(), ": ", tensor, " has the unknown type ", id, ", expected ", known_dtypes()));
  }
  t.type = *type;
  t.offset = in.number<std::uint64_t>(tensor);
  return t;
}

}  // namespace detail

template <class T>
std::optional<T> Gguf::find(std::string_view key) const {
  const auto entry = metadata_.find(key);
  if (entry == metadata_.end()) return std::nullopt;
  T out{};
  if (convert(entry->second, out)) return out;
  throw Error(concat(source_, ": key ", key, " is ", describe(entry->second), ", expected ",
                     expected_for(static_cast<const T*>(nullptr))));
}

template <class T>
T Gguf::get(std::string_view key) const {
  if (std::optional<T> value = find<T>(key)) return *std::move(value);
  throw Error(concat(source_, ": key ", key, " is missing"));
}

LITESTAGE_INLINE RawTensor Gguf::tensor(std::string_view name) const {
  const auto entry = tensor_index_.find(name);
  if (entry == tensor_index_.end()) return {};
  const GgufTensor& t = tensors_[entry->second];
  std::size_t rows = 1;
  for (std::size_t d = 1; d < t.dims.size(); ++d) rows *= t.dims[d];
  if (t.dims.size() >= 2 && rows != t.dims[1]) {
    throw Error(concat(source_, ": tensor ", in_quotes(name), " has ", t.dims.size(), " dimensions, expected 1 or 2"));
  }
  return {.name = std::string(name), .type = t.type, .rows = rows, .columns = t.dims[0], .data = t.contents.data()};
}

LITESTAGE_INLINE void Gguf::read_version(ByteReader& in) {
  const auto magic = in.number<std::uint32_t>("the magic number");
  if (magic != 0x46554747u) {  // "GGUF"
    throw Error(concat(source_, ": is not a GGUF file: it does not begin with the letters GGUF"));
  }
  const auto version = in.number<std::uint32_t>("the version");
  if (version == 0x02000000u || version == 0x03000000u) {
    throw Error(concat(source_, ": is a big-endian GGUF file, expected a little-endian one"));
  }
  if (version != 2 && version != 3) {
    throw Error(concat(source_, ": has GGUF version ", version, ", expected 2 or 3"));
  }
  version_ = static_cast<int>(version);
}

// The alignment is at least 8, so that numbers in the file may be read in place.
LITESTAGE_INLINE void Gguf::read_alignment() {
  const auto found = find<std::int64_t>("general.alignment");
  if (!found) return;
  if (*found < 8 || *found > 65536 || (*found & (*found - 1)) != 0) {
    throw Error(concat(source_, ": key general.alignment is ", *found, ", expected a power of two from 8 to 65536"));
  }
  alignment_ = *found;
}

LITESTAGE_INLINE void Gguf::parse(std::span<const std::byte> bytes) {
  ByteReader in(bytes, source_);
  read_version(in);
  // The file has the number of tensors before that of metadata, but the metadata before the tensors. The smallest
  // tensor entry has 32 bytes, the smallest pair 13.
  const std::size_t n_tensors = in.count(32, "the number of tensors");
  const std::size_t n_pairs = in.count(13, "the number of metadata keys");
  for (std::size_t i = 0; i < n_pairs; ++i) {
    const std::string_view key = in.text("the name of a metadata key");
    GgufValue value = read_gguf_value(in, "key " + in_quotes(key));
    if (!metadata_.emplace(key, std::move(value)).second) {
      throw Error(concat(source_, ": key ", in_quotes(key), " is there twice"));
    }
  }
  read_alignment();
  for (std::size_t i = 0; i < n_tensors; ++i) {
    tensors_.push_back(detail::read_tensor_info(in));
    const std::string_view name = tensors_.back().name;
    if (!tensor_index_.emplace(name, i).second) {
      throw Error(concat(source_, ": tensor ", in_quotes(name), " is there twice"));
    }
  }
  files_.push_back({source_, bytes, bytes.first(in.position())});
  place_tensors(bytes, in.position());
}

LITESTAGE_INLINE void Gguf::append(Gguf part) {
  for (const GgufTensor& t : part.tensors_) {
    if (!tensor_index_.emplace(t.name, tensors_.size()).second) {
      throw Error(concat(part.source_, ": tensor ", in_quotes(t.name), " is also in an earlier part of the model"));
    }
    tensors_.push_back(t);
  }
  files_.insert(files_.end(), part.files_.begin(), part.files_.end());
  using Both = std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>;
  storage_ = std::make_shared<const Both>(std::move(storage_), std::move(part.storage_));
}

// The data section begins at the next multiple of the alignment. Tensors lie in it at aligned offsets and do not
// overlap.
LITESTAGE_INLINE void Gguf::place_tensors(std::span<const std::byte> bytes, std::size_t header_size) {
  const std::size_t begin = (header_size + alignment_ - 1) / alignment_ * alignment_;
  const std::span<const std::byte> data = bytes.subspan(std::min(begin, bytes.size()));
  std::vector<const GgufTensor*> by_offset;
  for (GgufTensor& t : tensors_) {
    const std::string what = concat(source_, ": tensor ", in_quotes(t.name));
    const std::size_t size = detail::tensor_bytes(t, what);
    if (t.offset % alignment_ != 0) {
      throw Error(concat(what, " begins at offset ", t.offset, ", expected a multiple of ", alignment_));
    }
    if (t.offset > data.size() || size > data.size() - t.offset) {
      throw Error(concat(what, " takes ", size, " bytes from offset ", t.offset, ", but the data section has ",
                         data.size(), " (is the file complete?)"));
    }
    t.contents = data.subspan(t.offset, size);
    by_offset.push_back(&t);
  }
  std::sort(by_offset.begin(), by_offset.end(), [](const auto* a, const auto* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    const GgufTensor& below = *by_offset[i - 1];
    if (below.contents.size() > by_offset[i]->offset - below.offset) {
      throw Error(
          concat(source_, ": tensors ", in_quotes(below.name), " and ", in_quotes(by_offset[i]->name), " overlap"));
    }
  }
}

#if !LITESTAGE_HEADER_ONLY
#define LITESTAGE_GGUF_VALUES(T)                                   \
  template std::optional<T> Gguf::find<T>(std::string_view) const; \
  template T Gguf::get<T>(std::string_view) const;
LITESTAGE_GGUF_VALUES(bool)
LITESTAGE_GGUF_VALUES(std::int64_t)
LITESTAGE_GGUF_VALUES(double)
LITESTAGE_GGUF_VALUES(std::string)
LITESTAGE_GGUF_VALUES(std::vector<std::int64_t>)
LITESTAGE_GGUF_VALUES(std::vector<double>)
LITESTAGE_GGUF_VALUES(std::vector<std::string>)
#undef LITESTAGE_GGUF_VALUES
#endif

}  // namespace litestage::io
