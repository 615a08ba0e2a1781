// Numbers whose bits must not depend on how the including translation unit is compiled.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/tiny_model.hpp"
#include "consumer.hpp"
#include "litestage/litestage.hpp"

namespace {

// Pseudo-random bytes, the same on every platform.
std::vector<std::byte> random_bytes(std::size_t count, std::uint64_t seed) {
  std::vector<std::byte> bytes(count);
  for (std::byte& b : bytes) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    b = static_cast<std::byte>(seed >> 56);
  }
  return bytes;
}

// One row of every element type.
std::vector<float> dequantized_rows() {
  constexpr std::size_t columns = 768;
  std::vector<float> all;
  for (const litestage::DTypeInfo& entry : litestage::dtype_table) {
    const std::vector<std::byte> row = random_bytes(litestage::row_bytes(entry.type, columns), entry.gguf_id + 1);
    std::vector<float> values(columns);
    litestage::dequantize_row(entry.type, row.data(), values.data(), columns);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

// Floats converted to F16 and BF16 and back, over all exponents.
std::vector<float> rounded_numbers() {
  std::vector<float> all;
  for (std::uint32_t high = 0; high < 0x10000u; high += 7) {
    const float value = std::bit_cast<float>((high << 16) | 0x8000u);
    all.push_back(litestage::to_float(litestage::to_f16(value)));
    all.push_back(litestage::to_float(litestage::to_bf16(value)));
  }
  return all;
}

// A prompt of awkward length through the transformer on the `cpu` backend, then one step with skipped sub-layers.
std::vector<float> forward_logits(litestage::DType dtype) {
  using namespace litestage;
  const ModelConfig config = test::tiny_config(dtype);
  test::TinyModelOptions options;
  options.dtype = dtype;
  CpuOptions cpu_options;
  cpu_options.threads = 2;
  CpuBackend backend(cpu_options);
  const Model<CpuBackend> model = load(backend, test::tiny_model(config, options));
  Transformer<CpuBackend> transformer(backend, model, 32);
  KvCache<CpuBackend> cache(backend, model.cache_shape(1, 32, KvType::f16));

  DecisionTable table;
  Decisions decisions(static_cast<std::size_t>(config.n_sublayers()));
  const int everything = table.number_of(decisions);
  decisions[2] = {true, 1.25f, KvOnSkip::project};
  decisions[5] = {true};
  const int some = table.number_of(decisions);

  std::vector<StepRow> prompt;
  for (int i = 0; i < 13; ++i) prompt.push_back({(i * 31 + 7) % config.vocab, 0, everything, true});
  const std::vector<StepRow> next = {{5, 0, some, true}};
  std::vector<float> all;
  StepPlan plan;
  for (const std::vector<StepRow>& rows : {prompt, next}) {
    make_plan(plan, cache.index(), table, config.n_layers, rows, Stat::none);
    transformer.forward(plan, cache);
    const std::size_t n = transformer.logits().size();
    all.resize(all.size() + n);
    backend.to_host(all.data() + all.size() - n, transformer.logits().data(), n);
  }
  return all;
}

Numbers numbers() {
  return {{"dequantized rows", dequantized_rows()},
          {"rounded numbers", rounded_numbers()},
          {"logits, F32", forward_logits(litestage::DType::f32)},
          {"logits, Q8_0", forward_logits(litestage::DType::q8_0)},
          {"logits, Q4_K", forward_logits(litestage::DType::q4_k)}};
}

}  // namespace
