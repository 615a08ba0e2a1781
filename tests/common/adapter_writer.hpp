// Writes LoRA adapters of random numbers, as PEFT folders and as GGUF files, and says what they add in double.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "common/folder_writer.hpp"
#include "common/gguf_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/tiny_model.hpp"
#include "litestage/core/error.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/model/source/weights.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::test {

// What an adapter adds to one module, with rows in the order of transformers.
struct LoraNumbers {
  std::string module{}, tensor{};  // names in both forms, the second without ".weight"
  std::size_t rank = 0, outputs = 0, inputs = 0;
  std::vector<float> a{}, b{};  // [rank, inputs] [outputs, rank]
  std::size_t turned_rows = 0;  // the first rows are those of heads, which a GGUF file of Llama has in another order

  [[nodiscard]] bool of_embedding() const { return tensor == "token_embd"; }
  // scale * B A, [outputs, inputs]
  [[nodiscard]] std::vector<double> product(double scale) const {
    std::vector<double> out(outputs * inputs);
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t i = 0; i < inputs; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k < rank; ++k)
          sum += static_cast<double>(b[o * rank + k]) * static_cast<double>(a[k * inputs + i]);
        out[o * inputs + i] = scale * sum;
      }
    }
    return out;
  }
  // Some of the rows, for a module of their own.
  [[nodiscard]] LoraNumbers rows(const std::string& new_module, std::size_t first, std::size_t n) const {
    LoraNumbers part = *this;
    part.module = new_module;
    part.outputs = n;
    const auto from = b.begin() + static_cast<std::ptrdiff_t>(first * rank);
    part.b.assign(from, from + static_cast<std::ptrdiff_t>(n * rank));
    return part;
  }
};

[[nodiscard]] inline LoraNumbers lora_numbers(Random& random, const std::string& module, const std::string& tensor,
                                              std::size_t outputs, std::size_t inputs, std::size_t rank) {
  LoraNumbers n{
      module, tensor, rank, outputs, inputs, std::vector<float>(rank * inputs), std::vector<float>(outputs * rank), 0};
  for (float& x : n.a) x = 0.3f * random.normal();
  for (float& x : n.b) x = 0.3f * random.normal();
  return n;
}

// One for every matrix of a layer.
[[nodiscard]] inline std::vector<LoraNumbers> layer_numbers(const ModelConfig& c, int layer, std::size_t rank,
                                                            std::uint64_t seed) {
  Random random(seed);
  const std::string module = concat("model.layers.", layer, "."), tensor = concat("blk.", layer, ".");
  const auto n = [](int size) { return static_cast<std::size_t>(size); };
  std::vector<LoraNumbers> all;
  const auto add = [&](const char* name, const char* matrix, int outputs, int inputs) -> LoraNumbers& {
    return all.emplace_back(lora_numbers(random, module + name, tensor + matrix, n(outputs), n(inputs), rank));
  };
  add("self_attn.q_proj", "attn_q", c.q_dim(), c.hidden).turned_rows = n(c.q_dim());
  add("self_attn.k_proj", "attn_k", c.kv_dim(), c.hidden).turned_rows = n(c.kv_dim());
  add("self_attn.v_proj", "attn_v", c.kv_dim(), c.hidden);
  add("self_attn.o_proj", "attn_output", c.hidden, c.q_dim());
  add("mlp.gate_proj", "ffn_gate", c.ffn, c.hidden);
  add("mlp.up_proj", "ffn_up", c.ffn, c.hidden);
  add("mlp.down_proj", "ffn_down", c.hidden, c.ffn);
  return all;
}

[[nodiscard]] inline std::string bytes_of(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

[[nodiscard]] inline std::vector<float> transposed(const std::vector<float>& values, std::size_t rows) {
  const std::size_t columns = values.size() / rows;
  std::vector<float> out(values.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) out[c * rows + r] = values[r * columns + c];
  }
  return out;
}

// The tensors of adapter_model.safetensors. Beside the pair of an embedding or a head there is the model's own matrix,
// whose numbers nobody reads.
[[nodiscard]] inline SafeTensorsWriter peft_tensors(const std::vector<LoraNumbers>& numbers) {
  SafeTensorsWriter out;
  for (const LoraNumbers& n : numbers) {
    const std::string stem = "base_model.model." + n.module;
    if (n.of_embedding()) {  // A is [rank, vocab], B is [hidden, rank]
      out.add(stem + ".lora_embedding_A", "F32", {n.rank, n.outputs}, bytes_of(transposed(n.b, n.outputs)));
      out.add(stem + ".lora_embedding_B", "F32", {n.inputs, n.rank}, bytes_of(transposed(n.a, n.rank)));
    } else {
      out.add(stem + ".lora_A.weight", "F32", {n.rank, n.inputs}, bytes_of(n.a));
      out.add(stem + ".lora_B.weight", "F32", {n.outputs, n.rank}, bytes_of(n.b));
    }
    if (n.of_embedding() || n.tensor == "output") {
      const std::vector<float> own(n.outputs * n.inputs);
      out.add(stem + ".base_layer.weight", "F32", {n.outputs, n.inputs}, bytes_of(own));
    }
  }
  return out;
}

// An adapter_config.json with the keys that PEFT writes.
[[nodiscard]] inline Form peft_config(std::size_t rank, double alpha) {
  Form form;
  for (const char* key :
       {"alora_invocation_tokens", "arrow_config", "auto_mapping", "corda_config", "eva_config", "exclude_modules",
        "layer_replication", "layers_pattern", "layers_to_transform", "megatron_config", "modules_to_save", "revision",
        "target_parameters", "trainable_token_indices"}) {
    form.add(key, Form());
  }
  for (const char* key : {"alpha_pattern", "rank_pattern", "loftq_config"}) form.add(key, Form(Form::Map{}));
  for (const char* key : {"ensure_weight_tying", "fan_in_fan_out", "lora_bias", "use_dora", "use_qalora", "use_rslora"})
    form.add(key, false);
  form.add("base_model_name_or_path", "base").add("bias", "none").add("inference_mode", true);
  form.add("init_lora_weights", true).add("lora_alpha", alpha).add("lora_dropout", 0.05);
  form.add("megatron_core", "megatron.core").add("peft_type", "LORA").add("peft_version", "0.18.0");
  form.add("qalora_group_size", 16).add("r", rank).add("task_type", "CAUSAL_LM");
  form.add("target_modules", Form::List{Form("q_proj"), Form("v_proj")});
  return form;
}

// Writes a folder; returns its path.
inline std::string write_peft(const ScratchFolder& folder, const std::vector<LoraNumbers>& numbers, double alpha) {
  folder.write("adapter_model.safetensors", peft_tensors(numbers).bytes());
  folder.write("adapter_config.json", io::to_json(peft_config(numbers[0].rank, alpha)));
  return folder.path();
}

// The rows of B as a GGUF file of Llama has them: of a head, rows 0, half, 1, half + 1, ...
[[nodiscard]] inline std::vector<float> turned(const LoraNumbers& n, std::size_t head_dim) {
  std::vector<float> out = n.b;
  const std::size_t half = head_dim / 2;
  for (std::size_t head = 0; head < n.turned_rows; head += head_dim) {
    for (std::size_t i = 0; i < half; ++i) {
      for (const std::size_t s : {std::size_t{0}, std::size_t{1}}) {
        const float* from = n.b.data() + (head + s * half + i) * n.rank;
        std::memcpy(out.data() + (head + 2 * i + s) * n.rank, from, n.rank * sizeof(float));
      }
    }
  }
  return out;
}

// `head_dim`: of heads whose rows are reordered; 0 where the architecture reorders none.
[[nodiscard]] inline GgufWriter gguf_adapter(const std::vector<LoraNumbers>& numbers, const std::string& architecture,
                                             float alpha, std::size_t head_dim) {
  GgufWriter out;
  out.add("general.architecture", architecture).add("general.type", "adapter").add("adapter.type", "lora");
  out.add("adapter.lora.alpha", alpha);
  const auto matrix = [&](const std::string& name, std::size_t rows, std::size_t columns,
                          const std::vector<float>& values) {
    const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
    out.add({name, {columns, rows}, info(DType::f32).gguf_id, Bytes(bytes, bytes + values.size() * 4), std::nullopt});
  };
  for (const LoraNumbers& n : numbers) {
    const std::string name = n.tensor + ".weight";
    if (n.of_embedding()) {
      matrix(name + ".lora_a", n.outputs, n.rank, n.b);
      matrix(name + ".lora_b", n.inputs, n.rank, transposed(n.a, n.rank));
    } else {
      matrix(name + ".lora_a", n.rank, n.inputs, n.a);
      matrix(name + ".lora_b", n.outputs, n.rank, head_dim == 0 ? n.b : turned(n, head_dim));
    }
  }
  return out;
}

}  // namespace litestage::test
