// Reads the checkpoints of karpathy/llama2.c (export.py version 0) and its tokenizer.bin, which are small trained
// models for tests. The files are not checked.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "litestage/io/files/mapped_file.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::test {

// 7 int32 (dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len), then float32 arrays, each for all
// layers at once; a positive vocab_size says that the head is the embedding. RoPE pairs are interleaved.
[[nodiscard]] inline ModelSource read_llama2c(const std::string& path) {
  const auto file = std::make_shared<const io::MappedFile>(path);
  std::int32_t header[7];
  LITESTAGE_ASSERT(file->bytes().size() >= sizeof(header), path, " is too short");
  std::memcpy(header, file->bytes().data(), sizeof(header));
  ModelSource source;
  source.path = path;
  source.storage = file;
  ModelConfig& c = source.config;
  c.architecture = "llama";
  c.hidden = header[0];
  c.ffn = header[1];
  c.n_layers = header[2];
  c.n_heads = header[3];
  c.n_kv_heads = header[4];
  c.vocab = std::abs(header[5]);
  c.tied_head = header[5] > 0;
  c.max_context = header[6];
  c.head_dim = c.hidden / c.n_heads;
  c.rope.rotary_dim = c.head_dim;

  std::size_t position = sizeof(header);
  const auto take = [&](const std::string& name, int rows, int columns) {
    RawTensor t{name, DType::f32, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns), nullptr};
    LITESTAGE_ASSERT(t.bytes() <= file->bytes().size() - position, path, " ends within ", name);
    t.data = file->bytes().data() + position;
    position += t.bytes();
    return t;
  };
  source.tensors.layers.resize(static_cast<std::size_t>(c.n_layers));
  const auto take_layers = [&](RawTensor LayerTensors::*member, const std::string& name, int rows, int columns) {
    for (LayerTensors& layer : source.tensors.layers) layer.*member = take(name, rows, columns);
  };
  source.tensors.embedding = take("tok_embeddings", c.vocab, c.hidden);
  take_layers(&LayerTensors::attention_norm, "attention_norm", 1, c.hidden);
  take_layers(&LayerTensors::wq, "wq", c.q_dim(), c.hidden);
  take_layers(&LayerTensors::wk, "wk", c.kv_dim(), c.hidden);
  take_layers(&LayerTensors::wv, "wv", c.kv_dim(), c.hidden);
  take_layers(&LayerTensors::wo, "wo", c.hidden, c.q_dim());
  take_layers(&LayerTensors::mlp_norm, "ffn_norm", 1, c.hidden);
  take_layers(&LayerTensors::w_gate, "w1", c.ffn, c.hidden);
  take_layers(&LayerTensors::w_down, "w2", c.hidden, c.ffn);
  take_layers(&LayerTensors::w_up, "w3", c.ffn, c.hidden);
  source.tensors.final_norm = take("norm", 1, c.hidden);
  take("RoPE tables", 2 * c.max_context, c.head_dim / 2);  // cosines and sines of older exporters, unused
  if (!c.tied_head) source.tensors.head = take("output", c.vocab, c.hidden);
  validate(source);
  return source;
}

// The text of each token: int32 longest length, then per token float32 score, int32 length, bytes. Byte tokens are
// written <0x00>. The caller drops the blank at the start of the first token after BOS, which is not part of the text.
[[nodiscard]] inline std::vector<std::string> read_llama2c_tokens(const std::string& path) {
  const std::string file = io::read_file(path);
  std::vector<std::string> tokens;
  std::size_t position = 4;
  while (position + 8 <= file.size()) {
    std::int32_t length = 0;
    std::memcpy(&length, file.data() + position + 4, 4);
    position += 8;
    LITESTAGE_ASSERT(length >= 0 && static_cast<std::size_t>(length) <= file.size() - position, path, " is cut short");
    std::string token = file.substr(position, static_cast<std::size_t>(length));
    position += token.size();
    if (token.size() == 6 && token.rfind("<0x", 0) == 0) {
      token = std::string(1, static_cast<char>(std::stoi(token.substr(3, 2), nullptr, 16)));
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace litestage::test
