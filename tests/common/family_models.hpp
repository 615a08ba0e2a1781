// A small model of every family in every weight type, from a GGUF file and from a folder, with its exact logits; and
// the list of what was compared, from which tests/models_table.py makes the table in docs/models.md.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/io_scratch.hpp"
#include "common/naive_file.hpp"
#include "common/naive_folder.hpp"
#include "common/sequences.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/quantise/quantise.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/io/huggingface/folder_source.hpp"
#include "litestage/io/quantised_source.hpp"

namespace litestage::test {

// ---- what was compared ----

// Lines "form family type backend", written to the file that the environment variable LITESTAGE_TESTED_MODELS names, if
// it does, when a test is done. A line "lacks SET" says that the CPU has no such instruction set.
class TestedModels {
 public:
  void add(const std::string& model, const std::string& backend) { lines_ += model + " " + backend + "\n"; }
  void write() {
    for (const cpu::InstructionSet set : cpu::instruction_sets) {
      if (!cpu::supported(set)) lines_ += concat("lacks ", cpu::name(set), "\n");
    }
    if (const char* path = std::getenv("LITESTAGE_TESTED_MODELS")) std::ofstream(path) << lines_;
  }

 private:
  std::string lines_;
};

// ---- models ----

// The families of the table. Mistral is a llama with a window.
inline constexpr std::string_view tested_families[] = {"llama",   "mistral", "qwen2", "qwen3",
                                                       "smollm3", "gemma3",  "phi3"};

// The smallest shape that has the variations of a family and rows of whole blocks.
[[nodiscard]] inline NaiveShape tested_shape(std::string_view family, DType type) {
  const bool wide = info(type).block_size == 256;
  NaiveShape s;
  s.family = family == "mistral" ? "llama" : family;
  s.layers = family == "smollm3" ? 4 : 2;
  s.head_dim = s.rotary_dim = wide ? 64 : 16;
  s.hidden = wide ? 256 : 64;
  s.ffn = wide ? 256 : 96;
  s.session = 64;
  s.biases = family == "qwen2";
  s.tied = family == "smollm3" || family == "gemma3";
  if (family == "mistral" || family == "gemma3") s.window = 3;
  if (family == "gemma3") s.period = 2, s.local_base = 50;
  if (family == "phi3") {
    s.rotary_dim = 3 * s.head_dim / 4;
    s.window = 5;
    s.scaling = "longrope";
    s.original_context = 20;
    s.attention_factor = 1.25;
  }
  return s;
}

// The same model with every matrix row rounded: write(x, bytes, columns) makes the blocks of `type`.
template <class Write>
[[nodiscard]] NaiveModel rounded(NaiveModel model, DType type, const Write& write) {
  const auto round = [&](NaiveWeights& w, int columns) {
    const auto n = static_cast<std::size_t>(columns);
    std::vector<std::byte> bytes(row_bytes(type, n));
    for (std::size_t first = 0; first < w.size(); first += n) {
      write(&w[first], bytes.data(), n);
      dequantize_row(type, bytes.data(), &w[first], n);
    }
  };
  const NaiveShape& c = model.shape;
  round(model.embedding, c.hidden);
  round(model.output_head, c.hidden);
  for (NaiveLayer& layer : model.layers) {
    for (NaiveWeights* w : {&layer.wq, &layer.wk, &layer.wv, &layer.gate, &layer.up}) round(*w, c.hidden);
    round(layer.wo, c.heads * c.head_dim);
    round(layer.down, c.ffn);
  }
  return model;
}

struct FamilyModel {
  std::string name;  // "gguf llama Q4_K", "folder qwen2 BF16", "quantised qwen2 Q8_0" (a folder rounded when opened)
  NaiveModel exact;  // with the rounded weights
  ModelSource source;
};

[[nodiscard]] inline FamilyModel gguf_family_model(std::string_view family, DType type, Bytes& bytes) {
  const NaiveModel model(tested_shape(family, type), 100 + static_cast<std::uint64_t>(type));
  bytes = naive_gguf(model, type).bytes();
  const auto write = [&](const float* x, std::byte* out, std::size_t n) { quantise_row(type, x, out, n); };
  return {concat("gguf ", family, " ", name(type)), rounded(model, type, write),
          io::read_model_source(io::Gguf(bytes, "m.gguf"))};
}

[[nodiscard]] inline FamilyModel folder_family_model(std::string_view family, DType type, bool quantise) {
  const NaiveModel model(tested_shape(family, type), 200 + static_cast<std::uint64_t>(type));
  const ScratchFolder folder;  // what is mapped stays readable
  const std::string path = write_naive_folder(folder, model, naive_config(model, 5), quantise ? DType::f32 : type);
  ModelSource source = io::read_folder_source(path).model;
  const auto write = [&](const float* x, std::byte* out, std::size_t n) {
    quantise ? write_quantised(type, x, out, n) : quantise_row(type, x, out, n);
  };
  return {concat(quantise ? "quantised " : "folder ", family, " ", name(type)), rounded(model, type, write),
          quantise ? io::quantised(source, type, 1) : source};
}

// Calls f(model) for every family in every type and form.
template <class F>
void with_family_models(const F& f) {
  for (const std::string_view family : tested_families) {
    for (const DTypeInfo& type : dtype_table) {
      Bytes bytes;
      f(gguf_family_model(family, type.type, bytes));
    }
  }
  for (const std::string_view family : tested_families) {
    for (const DType type : {DType::f32, DType::f16, DType::bf16}) f(folder_family_model(family, type, false));
    for (const DType type : {DType::q8_0, DType::q4_0, DType::q4_k, DType::q6_k}) {
      f(folder_family_model(family, type, true));
    }
  }
}

// A text longer than every window.
[[nodiscard]] inline std::vector<Sequence> tested_text(const FamilyModel& model) {
  return {under(Decisions(static_cast<std::size_t>(model.source.config.n_sublayers())), {3, 17, 0, 28, 9, 9, 22})};
}

}  // namespace litestage::test
