// Token sequences under random decisions, and the ways to run them, for tests of the transformer's invariants. The bits
// of a row's results can be compared.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "common/tiny_model.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/kernels/emulator/sanitizers.hpp"

namespace litestage::test {

#if defined(LITESTAGE_EMULATOR_TSAN)
inline constexpr bool thread_sanitizer = true;
#else
inline constexpr bool thread_sanitizer = false;
#endif

// Calls f(make, name) for `reference` and for `cpu` in every instruction set of this machine; make(threads, pack) makes
// a backend. Under ThreadSanitizer, which is ten times slower, only the best set: all sets synchronise in the same
// places.
template <class F>
void with_backends(const F& f) {
  f([](int threads, bool) { return ReferenceBackend(threads); }, std::string("reference"));
  for (const cpu::InstructionSet set : cpu::instruction_sets) {
    if (!cpu::supported(set) || (thread_sanitizer && set != cpu::best_instruction_set())) continue;
    f(
        [set](int threads, bool pack) {
          return CpuBackend(CpuOptions{threads, pack, set});
        },
        concat("cpu ", cpu::name(set)));
  }
}

// Each sub-layer is skipped with probability `share`, with a random scale and a random KvOnSkip.
[[nodiscard]] inline Decisions random_decisions(Random& random, int n_layers, float share = 0.4f) {
  constexpr float scales[] = {1, 1, 0.5f, 1.375f, 0};
  Decisions decisions(static_cast<std::size_t>(2 * n_layers));
  for (SkipDecision& d : decisions) {
    if (random.uniform() >= share) continue;
    d = {true, scales[random.below(5)], static_cast<KvOnSkip>(random.below(3))};
  }
  return decisions;
}

struct Sequence {
  std::vector<int> tokens;
  std::vector<Decisions> decisions;  // [tokens]

  [[nodiscard]] std::size_t size() const { return tokens.size(); }
};

// Neighbours often share their decisions, as the rows of a prompt do.
[[nodiscard]] inline Sequence random_sequence(Random& random, const ModelConfig& c, std::size_t length) {
  Sequence s;
  for (std::size_t t = 0; t < length; ++t) {
    s.tokens.push_back(static_cast<int>(random.below(static_cast<std::size_t>(c.vocab))));
    const bool as_before = t > 0 && random.below(3) > 0;
    s.decisions.push_back(as_before ? Decisions(s.decisions.back())
                                    : random_decisions(random, c.n_layers, random.below(4) == 0 ? 0 : 0.4f));
  }
  return s;
}
[[nodiscard]] inline Sequence under(const Decisions& decisions, std::vector<int> tokens) {
  Sequence s{std::move(tokens), {}};
  s.decisions.assign(s.tokens.size(), decisions);
  return s;
}

// The logits, then the moments (dot, before, after) of every sub-layer that ran and of every layer.
template <class B>
using RowResults = std::vector<typename B::Real>;
template <class B>
using Results = std::vector<std::vector<RowResults<B>>>;  // [sequences][tokens]

// Slot i gets sequence i.
struct Feeder {
  std::size_t sequence, token;
};
using Steps = std::vector<std::vector<Feeder>>;

template <class B>
[[nodiscard]] Results<B> run(Session<B>& session, const std::vector<Sequence>& sequences, const Steps& steps,
                             bool moments = true) {
  Results<B> results(sequences.size());
  std::vector<StepRow> rows;
  std::vector<Moments<typename B::Real>> measured, of_layers;
  RowResults<B> logits;
  const auto add = [&](const Moments<typename B::Real>& m) { logits.insert(logits.end(), {m.dot, m.before, m.after}); };
  for (const std::vector<Feeder>& step : steps) {
    rows.clear();
    for (const Feeder& f : step) {
      const Sequence& s = sequences[f.sequence];
      rows.push_back(
          {s.tokens[f.token], static_cast<int>(f.sequence), session.decisions().number_of(s.decisions[f.token]), true});
    }
    session.step(rows, moments ? Stat::cosine | Stat::layer_cosine : Stat::none);
    if (moments) session.read_moments(measured);
    if (moments) session.read_layer_moments(of_layers);
    for (std::size_t i = 0; i < step.size(); ++i) {
      session.read_logits(i, logits);
      const Decisions& d = sequences[step[i].sequence].decisions[step[i].token];
      for (std::size_t u = 0; moments && u < d.size(); ++u) {
        if (!d[u].skip) add(measured[u * step.size() + i]);
        if (u % 2 == 1) add(of_layers[u / 2 * step.size() + i]);
      }
      results[step[i].sequence].push_back(logits);
    }
  }
  return results;
}

// ---- ways to cut the same work into steps ----

[[nodiscard]] inline Steps one_by_one(const std::vector<Sequence>& sequences) {
  Steps steps;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    for (std::size_t t = 0; t < sequences[s].size(); ++t) steps.push_back({{s, t}});
  }
  return steps;
}
// Each sequence by itself, `n` tokens to a step.
[[nodiscard]] inline Steps in_chunks(const std::vector<Sequence>& sequences, std::size_t n) {
  Steps steps;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    for (std::size_t t = 0; t < sequences[s].size(); ++t) {
      if (t % n == 0) steps.emplace_back();
      steps.back().push_back({s, t});
    }
  }
  return steps;
}
// Rows of all sequences mixed at random, 1 to `most` to a step.
[[nodiscard]] inline Steps mixed(const std::vector<Sequence>& sequences, std::size_t most, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::size_t> next(sequences.size()), left;
  for (std::size_t s = 0; s < sequences.size(); ++s) left.push_back(s);
  Steps steps;
  std::size_t room = 0;
  while (!left.empty()) {
    if (room == 0) {
      room = 1 + random.below(most);
      steps.emplace_back();
    }
    const std::size_t pick = random.below(left.size()), s = left[pick];
    steps.back().push_back({s, next[s]++});
    --room;
    if (next[s] == sequences[s].size()) left.erase(left.begin() + static_cast<std::ptrdiff_t>(pick));
  }
  return steps;
}

// ---- models ----

struct NamedModel {
  std::string name;
  ModelSource source;
};

// Models with the variations of Gemma 3, SmolLM3 and Phi-3. Windows end between and inside tiles of keys.
[[nodiscard]] inline std::vector<NamedModel> models_of_families() {
  std::vector<NamedModel> models;
  ModelConfig config = tiny_config(DType::q8_0);
  config.rope.pairing = RopePairing::halves;
  config.window = 5;
  config.layer_kinds = {{LayerRope::local, true}, {LayerRope::global, false}, {LayerRope::local, true}, {}};
  config.local_rope = config.rope;
  config.local_rope.base = 100;
  config.rope.factors.assign(8, 2.0f);
  config.activation = Activation::gelu_tanh;
  config.embedding_multiplier = 8;
  config.logit_softcap = 3;
  models.push_back(
      {"gemma3-like", tiny_model(config, {.seed = 63, .dtype = DType::q8_0, .qk_norm = true, .post_norm = true})});
  config = tiny_config();
  config.layer_kinds = {{}, {LayerRope::none, false}, {}, {LayerRope::none, true}};
  config.window = 2;
  models.push_back({"smollm3-like", tiny_model(config, {.seed = 64, .biases = true, .bias = 4})});
  config = tiny_config(DType::q8_0);
  config.n_layers = 3;
  config.rope.pairing = RopePairing::halves;
  config.rope.rotary_dim = 12;
  config.rope.factors.assign(6, 1.5f);
  config.rope.long_factors = {1, 2, 3, 4, 5, 6};
  config.rope.original_context = 60;
  config.rope.magnitude = 1.25f;
  config.window = 1;
  config.layer_kinds.assign(3, {LayerRope::global, true});
  config.residual_multiplier = 0.5f;
  models.push_back({"phi3-like", tiny_model(config, {.seed = 65, .dtype = DType::q8_0})});
  config.window = 17;
  models.push_back({"phi3-like, a longer window", tiny_model(config, {.seed = 66, .dtype = DType::f16})});
  return models;
}

// A model of every weight type, two of mixed types, one that differs in everything in which real checkpoints differ,
// one with large key biases, which a cache of Q8_0 subtracts, and those of families.
[[nodiscard]] inline std::vector<NamedModel> varied_models() {
  std::vector<NamedModel> models;
  std::uint64_t seed = 40;
  for (const DTypeInfo& type : dtype_table) {
    ModelConfig config = tiny_config(type.type);
    config.n_layers = type.block_size == 256 ? 2 : 3;
    models.push_back({std::string(type.name), tiny_model(config, {.seed = ++seed, .dtype = type.type})});
  }
  ModelConfig config = tiny_config(DType::q4_k);
  config.n_layers = 2;
  models.push_back({"Q4_K with Q6_K, Q5_0 and F16", tiny_model(config, {.seed = 60,
                                                                        .dtype = DType::q4_k,
                                                                        .overrides = {{"attn_v", DType::q6_k},
                                                                                      {"attn_k", DType::f16},
                                                                                      {"ffn_down", DType::q5_0},
                                                                                      {"output", DType::q8_0}}})});
  config = tiny_config();
  config.architecture = "qwen2";
  config.n_layers = 3;
  config.n_heads = 6;  // so that the hidden size is not heads times head size
  config.n_kv_heads = 2;
  config.ffn = 160;
  config.rope.pairing = RopePairing::halves;
  config.rope.rotary_dim = 12;
  config.rope.base = 1e6;
  config.rope.factors = {1, 1, 1.5f, 2, 4, 8};
  config.norm_eps = 1e-6f;
  config.activation = Activation::gelu_tanh;
  config.tied_head = true;
  config.embedding_multiplier = 2.5f;
  config.residual_multiplier = 0.6f;
  config.logit_multiplier = 0.3f;
  config.attention_scale = 0.2f;
  models.push_back(
      {"qwen2-like", tiny_model(config, {.seed = 61,
                                         .dtype = DType::q8_0,
                                         .biases = true,
                                         .qk_norm = true,
                                         .overrides = {{"attn_q", DType::bf16}, {"attn_output", DType::f32}}})});
  config = tiny_config(DType::q8_0);
  config.rope.pairing = RopePairing::halves;
  config.rope.base = 9e11;  // half of the pairs hardly turn
  models.push_back(
      {"large biases", tiny_model(config, {.seed = 62, .dtype = DType::q8_0, .biases = true, .bias = 10})});
  for (NamedModel& model : models_of_families()) models.push_back(std::move(model));
  return models;
}

}  // namespace litestage::test
