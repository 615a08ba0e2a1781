// Checks that the bits of a row on CpuBackend depend neither on the batch nor on the threads, and edge cases: no rows,
// misuse, names.
// ThreadSanitizer: yes
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/loaded_backend.hpp"
#include "common/close.hpp"
#include "common/tiny_model.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/core/threads/thread_team.hpp"
#include "litestage/core/threads/usable_cores.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

struct Token {
  int slot, position, id;
  bool stores_only = false;  // in the attention of every layer
};

// All results of a step for one row, as numbers whose bits can be compared.
using RowBits = std::vector<float>;

std::vector<RowBits> run_step(Loaded<CpuBackend>& s, const std::vector<Token>& tokens) {
  CpuBackend& b = s.backend;
  const ModelConfig& c = s.model.config;
  const std::size_t n = tokens.size();
  const auto dim = [](int value) { return static_cast<std::size_t>(value); };
  std::vector<int> ids, all(n), run;
  RowLists lists;
  for (const bool stores_only : {false, true}) {
    for (std::size_t i = 0; i < n; ++i) {
      if (tokens[i].stores_only != stores_only) continue;
      lists.add(static_cast<int>(i), tokens[i].slot, tokens[i].position);
      if (!stores_only) run.push_back(static_cast<int>(i));
    }
  }
  lists.n_run = run.size();
  for (const Token& t : tokens) ids.push_back(t.id);
  std::iota(all.begin(), all.end(), 0);

  Matrix<float> x(n, dim(c.hidden)), q(n, dim(c.q_dim())), out(n, dim(c.q_dim())), h(n, dim(c.ffn));
  std::vector<RowBits> bits(n);
  std::vector<Moments<float>> moments(n);
  const auto keep_moments = [&](const std::vector<int>& rows) {
    for (const int i : rows) {
      const Moments<float>& m = moments[dim(i)];
      bits[dim(i)].insert(bits[dim(i)].end(), {m.dot, m.before, m.after});
    }
  };
  b.embed(x.view(), view_of(ids), s.model.embedding, 1.25f);
  for (int l = 0; l < c.n_layers; ++l) {
    const Layer<CpuBackend>& layer = s.model.layers[dim(l)];
    b.project_qkv(q.view(), s.cache, l, x.view(), lists.view(), layer.attention, s.shape, s.rope);
    b.attend(out.view(), q.view(), s.cache, l, lists.view(), s.shape);
    const View<Moments<float>, 1> measured(moments.data(), {n});
    b.project_add(x.view(), view_of(run), out.view(), layer.attention.out, 1, measured);
    keep_moments(run);
    b.gate_up(h.view(), x.view(), view_of(all), layer.mlp, c.norm_eps, Activation::silu);
    b.project_add(x.view(), view_of(all), h.view(), layer.mlp.down, 0.5f,
                  l == 0 ? measured : View<Moments<float>, 1>());
    if (l == 0) keep_moments(all);
  }
  const std::vector<float> factors(n, 0.9f);
  b.scale_rows(x.view(), view_of(all), View<const float, 1>(factors.data(), {n}));
  Matrix<float> logits(n, dim(c.vocab));
  b.logits(logits.view(), x.view(), view_of(all), s.model.final_norm, c.norm_eps, s.model.head, 1.5f);
  std::vector<TokenStats> stats(n);
  b.token_stats(stats, logits.view(), Signal::max_prob | Signal::entropy | Signal::margin);
  for (std::size_t i = 0; i < n; ++i) {
    const std::vector<float> row = logits.row(i);
    bits[i].insert(bits[i].end(), row.begin(), row.end());
    bits[i].insert(bits[i].end(),
                   {stats[i].max_prob, stats[i].entropy, stats[i].margin, static_cast<float>(stats[i].token)});
  }
  return bits;
}

// Three sequences, one of them longer than a block of attention; some tokens only store.
std::vector<Token> all_tokens(const ModelConfig& config) {
  std::vector<Token> tokens;
  Random random(9);
  const int lengths[] = {133, 3, 9};
  for (int slot = 0; slot < 3; ++slot) {
    for (int t = 0; t < lengths[slot]; ++t) {
      tokens.push_back({slot, t, static_cast<int>(random.below(static_cast<std::size_t>(config.vocab))), t % 5 == 3});
    }
  }
  return tokens;
}

std::vector<RowBits> run_in_steps(const CpuOptions& options, const ModelSource& source, KvType kv, std::size_t batch) {
  CpuBackend backend(options);
  Loaded<CpuBackend> loaded(backend, source, 160, kv);
  const std::vector<Token> tokens = all_tokens(source.config);
  std::vector<RowBits> bits;
  for (std::size_t first = 0; first < tokens.size(); first += batch) {
    const std::size_t last = std::min(tokens.size(), first + batch);
    const std::vector<Token> step(tokens.begin() + static_cast<std::ptrdiff_t>(first),
                                  tokens.begin() + static_cast<std::ptrdiff_t>(last));
    for (RowBits& row : run_step(loaded, step)) bits.push_back(std::move(row));
  }
  return bits;
}

void check_bits(const ModelSource& source, KvType kv) {
  for (const cpu::InstructionSet set : cpu::instruction_sets) {
    if (!cpu::supported(set)) continue;
    CAPTURE(cpu::name(set));
    const std::vector<RowBits> expected = run_in_steps({1, true, set}, source, kv, 1);
    struct Way {
      int threads;
      bool pack;
      std::size_t batch;
    };
    // Three rows at two threads: long contexts are split among threads.
    for (const Way& way : {Way{1, true, 1000}, Way{1, false, 37}, Way{2, true, 3}, Way{3, true, 1000}}) {
      CAPTURE(way.threads);
      CAPTURE(way.batch);
      const std::vector<RowBits> found = run_in_steps({way.threads, way.pack, set}, source, kv, way.batch);
      REQUIRE(found.size() == expected.size());
      std::size_t different = 0;
      for (std::size_t i = 0; i < found.size(); ++i) different += same_bits(found[i], expected[i]) ? 0 : 1;
      CHECK(different == 0);
    }
  }
}

}  // namespace

TEST_CASE("cpu: the bits of a row depend neither on the batch nor on threads nor on packing") {
  for (const DType type : {DType::f32, DType::bf16, DType::q8_0}) {
    CAPTURE(name(type));
    // Large enough that threads share every product: a range is at least 64 KiB.
    ModelConfig config = tiny_config(type);
    config.n_layers = 1;
    config.hidden = 256;
    config.ffn = 512;
    config.head_dim = config.rope.rotary_dim = 64;
    config.vocab = 600;
    const bool mixed = type == DType::bf16;
    const std::map<std::string, DType> overrides =
        mixed ? std::map<std::string, DType>{{"attn_k", DType::q8_0}, {"ffn_up", DType::q4_0}, {"ffn_down", DType::f16}}
              : std::map<std::string, DType>{};
    const ModelSource source = tiny_model(
        config, {.seed = 3, .dtype = type, .biases = true, .qk_norm = type == DType::q8_0, .overrides = overrides});
    check_bits(source, type == DType::f32 ? KvType::f32 : mixed ? KvType::q8_0 : KvType::f16);
  }
}

TEST_CASE("cpu: every operation accepts zero rows") {
  CpuBackend b({2, true, std::nullopt});
  const ModelSource source = tiny_model(tiny_config());
  Loaded<CpuBackend> s(b, source, 16, KvType::f16);
  CHECK(run_step(s, {}).empty());
  b.copy_entries(s.cache, {});
  CHECK(b.upload(std::span<const int>()).empty());
}

TEST_CASE("cpu: uploads are copies; misuse is caught before it reads out of bounds") {
  CpuBackend b({1, true, std::nullopt});
  const ModelSource source = tiny_model(tiny_config());
  Loaded<CpuBackend> s(b, source, 16, KvType::f16);
  std::vector<int> ints{1, 2, 3};
  const View<const int, 1> uploaded = b.upload(std::span<const int>(ints));
  ints.assign(3, 0);
  CHECK(uploaded(2) == 3);
  CHECK_THROWS_AS(run_step(s, {{0, 0, 97}}), AssertionError);  // no such token
  CHECK_THROWS_AS(run_step(s, {{3, 0, 1}}), AssertionError);   // no such slot
  CHECK_THROWS_AS(run_step(s, {{0, 16, 1}}), AssertionError);  // no such position
  CHECK_THROWS_AS(b.copy_entries(s.cache, std::vector<EntryCopy>{{0, 0, 15, 0, 1, 0, 2}}), AssertionError);
  CHECK_THROWS_AS(b.copy_entries(s.cache, std::vector<EntryCopy>{{0, 0, 0, 0, 4, 0, 1}}), AssertionError);
}

TEST_CASE("cpu: names") {
  CHECK(CpuBackend({1, true, cpu::InstructionSet::portable}).instruction_set() == "portable");
  CHECK(CpuBackend({1, true, std::nullopt}).name() == "cpu");
  CHECK(CpuBackend({3, true, std::nullopt}).threads() == 3);
  CHECK(CpuBackend({3, true, std::nullopt}).team().refusal().empty());
  CHECK(CpuBackend().threads() == usable_cores().count());
  CHECK(ReferenceBackend().threads() == 1);
  CHECK(ReferenceBackend(3).threads() == 3);
  CHECK(ReferenceBackend(0).threads() == usable_cores().count());
}
