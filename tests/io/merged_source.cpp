// Models with LoRA adapters merged into their weights: the numbers, the types, and both forms of adapters on both forms
// of models.
#include "litestage/io/merged_source.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "common/adapter_writer.hpp"
#include "common/error_of.hpp"
#include "common/folder_writer.hpp"
#include "common/gguf_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/tiny_model.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/quantise/quantise.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/io/adapters/gguf_adapter.hpp"
#include "litestage/io/adapters/read_lora_adapter.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/io/huggingface/folder_source.hpp"
#include "litestage/io/quantised_source.hpp"

using namespace litestage;
using test::LoraNumbers;
using test::says;

namespace {

// Sizes that are multiples of nothing.
ModelConfig awkward_config() {
  ModelConfig c = test::tiny_config();
  c.n_layers = 2;
  c.n_heads = 3;
  c.n_kv_heads = 1;
  c.head_dim = 10;
  c.hidden = 31;
  c.ffn = 37;
  c.vocab = 41;
  c.rope.rotary_dim = 10;
  c.rope.pairing = RopePairing::halves;
  return c;
}

// An adapter of a folder, as it would be read from there. The folder is gone afterwards: the adapter keeps its memory.
io::LoraAdapter adapter_in_folder(const std::vector<LoraNumbers>& numbers, double alpha, double scale = 1) {
  const test::ScratchFolder folder;
  return io::read_lora_adapter({test::write_peft(folder, numbers, alpha), scale});
}

io::LoraAdapter adapter_in_file(const std::vector<LoraNumbers>& numbers, const std::string& architecture, float alpha,
                                std::size_t head_dim) {
  const test::ScratchFolder folder;
  const auto bytes = test::gguf_adapter(numbers, architecture, alpha, head_dim).bytes();
  return io::read_lora_adapter({folder.write("a.gguf", test::as_text(bytes)), 1});
}

std::vector<double> weights_of(const RawTensor& t) {
  std::vector<double> all(t.rows * t.columns);
  for (std::size_t r = 0; r < t.rows; ++r) dequantize_row(t.type, t.row(r), all.data() + r * t.columns, t.columns);
  return all;
}

// The two vectors of logits of every position agree to the bit.
std::vector<double> logits_with(const ModelSource& source) {
  ReferenceBackend backend(1);
  const Model<ReferenceBackend> model = load(backend, source);
  Session<ReferenceBackend> session(backend, model, {1, 5, KvType::f32});
  std::vector<double> all;
  for (const int token : {3, 1, 40, 1, 7}) {
    session.step(std::vector<StepRow>{{token, 0, session.skip_nothing(), true}});
    const auto logits = session.logits();
    all.insert(all.end(), logits.row(0), logits.row(0) + logits.extent(1));
  }
  return all;
}

bool same_bytes(const RawTensor& a, const RawTensor& b) {
  return a.type == b.type && a.rows == b.rows && a.columns == b.columns && std::memcmp(a.data, b.data, a.bytes()) == 0;
}

bool same_tensors(const ModelSource& a, const ModelSource& b) {
  const auto left = all_tensors(a.tensors), right = all_tensors(b.tensors);
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!same_bytes(*left[i], *right[i])) return false;
  }
  return true;
}

std::vector<RawTensor*> matrices_of_layer(LayerTensors& l) {
  return {&l.wq, &l.wk, &l.wv, &l.wo, &l.w_gate, &l.w_up, &l.w_down};
}

// All matrices of layer 1, the embedding and the head.
std::vector<LoraNumbers> numbers_everywhere(const ModelConfig& c, std::size_t rank, std::uint64_t seed = 3) {
  std::vector<LoraNumbers> all = test::layer_numbers(c, 1, rank, seed);
  test::Random random(seed + 100);
  const auto vocab = static_cast<std::size_t>(c.vocab), hidden = static_cast<std::size_t>(c.hidden);
  all.push_back(test::lora_numbers(random, "model.embed_tokens", "token_embd", vocab, hidden, rank));
  all.push_back(test::lora_numbers(random, "lm_head", "output", vocab, hidden, rank));
  return all;
}

std::vector<RawTensor*> adapted_in_order(ModelSource& model) {
  std::vector<RawTensor*> all = matrices_of_layer(model.tensors.layers[1]);
  all.push_back(&model.tensors.embedding);
  all.push_back(&model.tensors.head);
  return all;
}

// W + the products, in double; each is added to what the one before left, so that the last bits are those of a loop.
void check_sum(const RawTensor& base, const RawTensor& found, const std::vector<std::vector<double>>& products) {
  CHECK(found.type == DType::f32);
  const std::vector<double> before = weights_of(base), after = weights_of(found);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    long double expected = before[i];
    for (const std::vector<double>& product : products) expected += product[i];
    // Half a unit in the last place of a float, and what sums in double leave open.
    const double bound = std::fabs(static_cast<double>(expected)) * 0x1.00001p-24 + 1e-14;
    if (!(std::fabs(after[i] - static_cast<double>(expected)) <= bound)) ++wrong;
  }
  CHECK(wrong == 0);
}

// A model whose F32 matrices are replaced by sums that the test computes.
ModelSource merged_beforehand(const ModelSource& base, const std::vector<LoraNumbers>& numbers, double scale,
                              std::vector<std::vector<float>>& memory) {
  ModelSource out = base;
  const std::vector<RawTensor*> matrices = adapted_in_order(out);
  for (std::size_t m = 0; m < numbers.size(); ++m) {
    const LoraNumbers& n = numbers[m];
    const std::vector<double> before = weights_of(*matrices[m]), product = n.product(1);
    std::vector<float>& sums = memory.emplace_back(before.size());
    for (std::size_t i = 0; i < before.size(); ++i)
      sums[i] = static_cast<float>(std::fma(scale, product[i], before[i]));
    matrices[m]->data = reinterpret_cast<const std::byte*>(sums.data());
  }
  return out;
}

}  // namespace

TEST_CASE(
    "merged weights are W + scale * B A, of every matrix, at awkward shapes and ranks, by any number of threads") {
  const ModelConfig c = awkward_config();
  for (const std::size_t rank : {1u, 3u, 8u}) {
    const auto numbers = numbers_everywhere(c, rank);
    ModelSource base = test::tiny_model(c);
    const io::LoraAdapter adapter = adapter_in_folder(numbers, 5, -0.75);
    for (const int threads : {1, 3}) {
      ModelSource found = io::merged(base, std::vector{adapter}, std::nullopt, threads);
      validate(found);
      const auto before = adapted_in_order(base), after = adapted_in_order(found);
      for (std::size_t m = 0; m < numbers.size(); ++m) {
        CAPTURE(numbers[m].module);
        check_sum(*before[m], *after[m], {numbers[m].product(-0.75 * 5 / static_cast<double>(rank))});
        CHECK(after[m]->name == before[m]->name);
      }
      CHECK(found.tensors.layers[0].wq.data == base.tensors.layers[0].wq.data);
      CHECK(found.tensors.layers[1].mlp_norm.data == base.tensors.layers[1].mlp_norm.data);
    }
  }
}

TEST_CASE("logits are those of a model whose weights were merged beforehand, to the bit") {
  const ModelConfig c = awkward_config();
  const ModelSource base = test::tiny_model(c);
  const auto numbers = numbers_everywhere(c, 4);
  std::vector<std::vector<float>> memory;
  const ModelSource expected = merged_beforehand(base, numbers, 0.5 * 3 / 4, memory);
  const ModelSource found = io::merged(base, std::vector{adapter_in_folder(numbers, 3, 0.5)});
  CHECK(same_tensors(found, expected));
  CHECK(logits_with(found) == logits_with(expected));
  CHECK(logits_with(found) != logits_with(base));
}

TEST_CASE("an adapter of scale 0 changes no bit, whatever the model's type") {
  for (const DType type : {DType::f32, DType::q8_0}) {
    ModelConfig c = test::tiny_config();
    c.n_layers = 2;
    c.tied_head = true;
    const ModelSource base = test::tiny_model(c, {.dtype = type});
    const ModelSource found = io::merged(base, std::vector{adapter_in_folder(numbers_everywhere(c, 2), 3, 0)});
    CHECK(same_tensors(found, base));
    CHECK(found.config.tied_head);
    CHECK(logits_with(found) == logits_with(base));
  }
}

TEST_CASE("several adapters are added up, with their scales") {
  const ModelConfig c = awkward_config();
  ModelSource base = test::tiny_model(c);
  const auto first = numbers_everywhere(c, 3), second = numbers_everywhere(c, 5, 17);
  const std::vector<io::LoraAdapter> both = {adapter_in_folder(first, 6), adapter_in_folder(second, 5, -2)};
  ModelSource found = io::merged(base, both);
  const auto before = adapted_in_order(base), after = adapted_in_order(found);
  for (std::size_t m = 0; m < first.size(); ++m)
    check_sum(*before[m], *after[m], {first[m].product(2), second[m].product(-2)});
}

TEST_CASE(
    "both forms of an adapter agree to the bit, on both forms of a model, whose rows of Q and K differ in order") {
  for (const std::string architecture : {"llama", "qwen2"}) {
    const bool reorders = architecture == "llama";
    ModelConfig c = awkward_config();
    c.architecture = architecture;
    const auto numbers = numbers_everywhere(c, 3);
    const ModelSource wrote = test::tiny_model(c, {.biases = !reorders});
    const test::ScratchFolder folder;
    const ModelSource in_folder = io::read_folder_source(test::write_folder(folder, wrote)).model;
    // The same model as a GGUF file has it.
    c.rope.pairing = reorders ? RopePairing::interleaved : RopePairing::halves;
    std::vector<std::vector<float>> memory;
    ModelSource reordered = wrote;
    reordered.config = c;
    for (LayerTensors& layer : reordered.tensors.layers) {
      for (RawTensor* t : {&layer.wq, &layer.wk}) {
        if (!reorders) continue;
        LoraNumbers rows{"", "", t->columns, t->rows, 0, {}, {}, t->rows};
        for (const double w : weights_of(*t)) rows.b.push_back(static_cast<float>(w));
        memory.push_back(test::turned(rows, 10));
        t->data = reinterpret_cast<const std::byte*>(memory.back().data());
      }
    }
    const test::Bytes file = test::gguf_of(reordered).bytes();
    const io::Gguf gguf(file, "m.gguf");
    const ModelSource in_file = io::read_model_source(gguf);
    const std::vector peft = {adapter_in_folder(numbers, 12)};
    const std::vector from_file = {adapter_in_file(numbers, architecture, 12, reorders ? 10 : 0)};
    CHECK(from_file[0].pairs.size() == numbers.size());
    CHECK(same_tensors(io::merged(in_folder, peft), io::merged(in_folder, from_file)));
    CHECK(same_tensors(io::merged(in_file, peft), io::merged(in_file, from_file)));
    // A model from a file computes what the same from a folder does, with the adapter as without.
    const auto a = logits_with(io::merged(in_folder, peft)), b = logits_with(io::merged(in_file, peft));
    const auto without = logits_with(in_folder);
    double largest = 0, changed = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      largest = std::max(largest, std::fabs(a[i] - b[i]));
      changed = std::max(changed, std::fabs(a[i] - without[i]));
    }
    CHECK(largest < 1e-12);
    CHECK(changed > 0.1);
  }
}

TEST_CASE("adapters of joint matrices are split by rows, in both forms") {
  ModelConfig c = awkward_config();
  c.architecture = "phi3";
  const auto n = [](int size) { return static_cast<std::size_t>(size); };
  test::Random random(4);
  const std::string module = "model.layers.1.", tensor = "blk.1.";
  const LoraNumbers qkv = test::lora_numbers(random, module + "self_attn.qkv_proj", tensor + "attn_qkv",
                                             n(c.q_dim() + 2 * c.kv_dim()), n(c.hidden), 3),
                    mlp = test::lora_numbers(random, module + "mlp.gate_up_proj", tensor + "ffn_up", n(2 * c.ffn),
                                             n(c.hidden), 3);
  const test::Bytes file = test::gguf_of(test::tiny_model(c)).bytes();
  const io::Gguf gguf(file, "m.gguf");
  const ModelSource base = io::read_model_source(gguf);
  const ModelSource found = io::merged(base, std::vector{adapter_in_folder({qkv, mlp}, 6)});
  CHECK(same_tensors(found, io::merged(base, std::vector{adapter_in_file({qkv, mlp}, "phi3", 6, 0)})));
  const std::size_t q = n(c.q_dim()), kv = n(c.kv_dim()), ffn = n(c.ffn);
  const std::vector<LoraNumbers> apart = {
      qkv.rows(module + "self_attn.q_proj", 0, q), qkv.rows(module + "self_attn.k_proj", q, kv),
      qkv.rows(module + "self_attn.v_proj", q + kv, kv), mlp.rows(module + "mlp.gate_proj", 0, ffn),
      mlp.rows(module + "mlp.up_proj", ffn, ffn)};
  CHECK(same_tensors(found, io::merged(base, std::vector{adapter_in_folder(apart, 6)})));
  CHECK_FALSE(same_bytes(found.tensors.layers[1].w_up, base.tensors.layers[1].w_up));
  CHECK(same_bytes(found.tensors.layers[1].w_down, base.tensors.layers[1].w_down));
}

TEST_CASE("an adapter of an embedding leaves a head that shares its weights as it is, and the other way round") {
  ModelConfig c = awkward_config();
  c.tied_head = true;
  const ModelSource base = test::tiny_model(c);
  const auto numbers = numbers_everywhere(c, 2);
  const LoraNumbers &embedding = numbers[numbers.size() - 2], &head = numbers.back();
  const ModelSource of_embedding = io::merged(base, std::vector{adapter_in_folder({embedding}, 2)});
  validate(of_embedding);
  CHECK_FALSE(of_embedding.config.tied_head);
  CHECK(same_bytes(of_embedding.tensors.head, base.tensors.embedding));
  check_sum(base.tensors.embedding, of_embedding.tensors.embedding, {embedding.product(1)});
  const ModelSource of_head = io::merged(base, std::vector{adapter_in_folder({head}, 2)});
  CHECK(same_bytes(of_head.tensors.embedding, base.tensors.embedding));
  check_sum(base.tensors.embedding, of_head.tensors.head, {head.product(1)});
}

TEST_CASE("16 bits keep their type, quantised weights become F16, and a given type rounds the sums") {
  for (const DType type : {DType::f16, DType::bf16, DType::q4_k, DType::q4_1}) {
    ModelConfig c = test::tiny_config(DType::q4_k);  // rows of 256
    c.n_layers = 2;
    c.rope.pairing = RopePairing::halves;
    const ModelSource base = test::tiny_model(c, {.dtype = type});
    const auto numbers = test::layer_numbers(c, 1, 2, 9);
    const std::vector adapters = {adapter_in_folder(numbers, 2)};
    const ModelSource found = io::merged(base, adapters), rounded = io::merged(base, adapters, DType::q4_k);
    const RawTensor &w = base.tensors.layers[1].wq, &merged = found.tensors.layers[1].wq;
    const bool was_quantised = info(type).quantised();
    CHECK(merged.type == (was_quantised ? DType::f16 : type));
    CHECK(found.tensors.layers[0].wq.data == base.tensors.layers[0].wq.data);
    CHECK(rounded.tensors.layers[1].wq.type == DType::q4_k);
    CHECK(rounded.tensors.layers[0].wq.type == (was_quantised ? type : DType::q4_k));
    const std::vector<double> product = numbers[0].product(1);
    std::vector<double> before(w.columns), after(w.columns);
    std::vector<float> sums(w.columns);
    std::vector<std::byte> block(row_bytes(DType::q4_k, w.columns));
    std::size_t wrong = 0;
    for (std::size_t r = 0; r < w.rows; ++r) {
      dequantize_row(w.type, w.row(r), before.data(), w.columns);
      dequantize_row(merged.type, merged.row(r), after.data(), w.columns);
      for (std::size_t i = 0; i < w.columns; ++i) {
        sums[i] = static_cast<float>(before[i] + product[r * w.columns + i]);
        const float expected = merged.type == DType::f16 ? to_float(to_f16(sums[i])) : to_float(to_bf16(sums[i]));
        wrong += after[i] == static_cast<double>(expected) ? 0 : 1;
      }
      write_quantised(DType::q4_k, sums.data(), block.data(), w.columns);
      CHECK(std::memcmp(block.data(), rounded.tensors.layers[1].wq.row(r), block.size()) == 0);
    }
    CHECK_MESSAGE(wrong == 0, name(type));
  }
}

TEST_CASE("what no adapter has is rounded as without adapters") {
  ModelConfig c = test::tiny_config();
  c.n_layers = 2;
  const ModelSource base = test::tiny_model(c, {.dtype = DType::bf16});
  const ModelSource found =
      io::merged(base, std::vector{adapter_in_folder(test::layer_numbers(c, 1, 2, 9), 2, 0)}, DType::q8_0);
  CHECK(same_tensors(found, io::quantised(base, DType::q8_0)));
}

TEST_CASE("adapters for other models, and sums that are not finite, are refused in one sentence") {
  const ModelConfig c = awkward_config();
  const ModelSource base = test::tiny_model(c);
  const auto error = [&](const io::LoraAdapter& adapter) {
    return test::error_of([&] { static_cast<void>(io::merged(base, std::vector{adapter})); });
  };
  ModelConfig wider = c;
  wider.hidden = 32;
  CHECK(says(error(adapter_in_folder(test::layer_numbers(wider, 0, 2, 1), 2)),
             "tensors base_model.model.model.layers.0.mlp.down_proj.lora_A.weight (2 x 37) and "
             "base_model.model.model.layers.0.mlp.down_proj.lora_B.weight (32 x 2) are for a matrix of 32 x 37, "
             "expected 31 x 37, the shape of blk.0.ffn_down.weight in tiny model"));
  CHECK(says(error(adapter_in_folder(test::layer_numbers(c, 2, 2, 1), 2)),
             "model.layers.2.mlp.down_proj.lora_A.weight is for layer 2, expected 0 to 1, the layers of tiny model"));
  CHECK(says(error(adapter_in_file(test::layer_numbers(c, 0, 2, 1), "qwen2", 2, 0)),
             "key general.architecture is \"qwen2\", expected \"llama\", that of tiny model"));
}

TEST_CASE(
    "a weight that is too large for its type is refused, in the first such row, with the adapters of its matrix") {
  ModelConfig c = test::tiny_config(DType::q4_k);
  c.n_layers = 1;
  const auto n = [](int size) { return static_cast<std::size_t>(size); };
  test::Random random(1);
  LoraNumbers numbers = test::lora_numbers(random, "model.layers.0.mlp.up_proj", "", n(c.ffn), n(c.hidden), 1);
  std::fill(numbers.a.begin(), numbers.a.end(), 1.0f);
  std::fill(numbers.b.begin(), numbers.b.end(), 0.0f);
  const auto first = static_cast<std::ptrdiff_t>(numbers.b.size() / 4);  // rows from here on are too large
  const LoraNumbers others = test::layer_numbers(c, 0, 1, 1)[6];
  const auto error = [&](DType stored, std::optional<DType> type, double size, int threads) {
    std::fill(numbers.b.begin() + first, numbers.b.end(), static_cast<float>(size));
    const ModelSource base = test::tiny_model(c, {.dtype = stored});
    const test::ScratchFolder style, other;
    const std::vector adapters = {io::read_lora_adapter({test::write_peft(style, {numbers}, 1), 1}),
                                  io::read_lora_adapter({test::write_peft(other, {others}, 1), 1})};
    const std::string name = io::lora_name(adapters[0].choice);
    std::string found = test::error_of([&] { static_cast<void>(io::merged(base, adapters, type, threads)); });
    const std::size_t at = found.find(name);
    return at == std::string::npos ? found : found.replace(at, name.size(), "STYLE");
  };
  struct Case {
    DType stored;
    std::optional<DType> type;
    double largest;
    std::string words;
  };
  const std::vector<Case> cases = {
      {DType::f32, std::nullopt, 0x1.fffffep127, "F32, expected -3.40282e+38 to 3.40282e+38"},
      {DType::bf16, std::nullopt, 0x1.fep127, "BF16, expected -3.38953e+38 to 3.38953e+38"},
      {DType::f16, std::nullopt, 65504, "F16, expected -65504 to 65504"},
      {DType::q8_0, std::nullopt, 65504, "F16, expected -65504 to 65504"},
      {DType::f32, DType::q4_k, 65504, "Q4_K, expected -65504 to 65504"},
      {DType::f32, DType::q6_k, 65504, "Q6_K, expected -65504 to 65504"}};
  for (const Case& of : cases) {
    CAPTURE(of.words);
    CHECK(error(of.stored, of.type, of.largest * 0.999, 1) == "no error");
    for (const int threads : {1, 3}) {
      if (of.largest > 65504) continue;
      CHECK(error(of.stored, of.type, of.largest * 1.001, threads) ==
            "tiny model: tensor blk.0.ffn_up.weight, with STYLE: found a weight in row " + std::to_string(first) +
                " that is too large for " + of.words);
    }
  }
  // Factors that are floats reach beyond the largest float together with a scale.
  const ModelSource wide = test::tiny_model(c), half = test::tiny_model(c, {.dtype = DType::bf16});
  std::fill(numbers.b.begin() + first, numbers.b.end(), 2.0f);
  const auto scaled = [&](const ModelSource& base, double scale) {
    const std::vector adapters = {adapter_in_folder({numbers}, 1, scale)};
    return test::error_of([&] { static_cast<void>(io::merged(base, adapters)); });
  };
  CHECK(scaled(wide, 0x1.ffp126) == "no error");
  CHECK(says(scaled(half, 0x1.ffp126), "too large for BF16, expected -3.38953e+38 to 3.38953e+38"));
  CHECK(says(scaled(wide, -1e300), concat("found a weight in row ", first, " that is too large for F32")));
}

TEST_CASE("a type to which no matrix can be rounded is refused") {
  ModelConfig c = test::tiny_config();
  c.n_layers = 1;
  const ModelSource base = test::tiny_model(c, {.dtype = DType::q4_0});
  const auto numbers = test::layer_numbers(c, 0, 2, 9);
  const std::string error = test::error_of(
      [&] { static_cast<void>(io::merged(base, std::vector{adapter_in_folder(numbers, 2, 0)}, DType::q8_0)); });
  CHECK(error ==
        "tiny model: found no matrix to round to Q8_0, expected one that is F32, F16 or BF16 or has an adapter, and "
        "whose rows fit the type's blocks");
  const ModelSource found = io::merged(base, std::vector{adapter_in_folder({numbers[0]}, 2)}, DType::q8_0);
  CHECK(found.tensors.layers[0].wq.type == DType::q8_0);
  CHECK(found.tensors.layers[0].wk.type == DType::q4_0);
}
