// Invariants that hold to the bit on `reference` and on `cpu` in every instruction set: a row's results do not depend
// on the division into steps, other rows, threads or packing, and a skipped sub-layer has only the documented effect.
// ThreadSanitizer: yes
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/close.hpp"
#include "common/sequences.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// Number of rows that differ in any bit.
template <class Rows>
[[nodiscard]] std::size_t different(const std::vector<Rows>& found, const std::vector<Rows>& expected) {
  REQUIRE(found.size() == expected.size());
  std::size_t n = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if constexpr (requires { found[i][0].size(); })
      n += different(found[i], expected[i]);
    else
      n += same_bits(found[i], expected[i]) ? 0 : 1;
  }
  return n;
}

// A backend with a loaded model.
template <class B>
struct Lab {
  Lab(B b, const ModelSource& source) : backend(std::move(b)), model(load(backend, source)) {}
  [[nodiscard]] Session<B> session(std::size_t slots, std::size_t capacity = 64, KvType kv = KvType::f16) {
    return Session<B>(backend, model, {slots, capacity, kv});
  }
  [[nodiscard]] Results<B> results(const std::vector<Sequence>& sequences, const Steps& steps, KvType kv = KvType::f16,
                                   bool moments = true) {
    Session<B> s = session(sequences.size(), 64, kv);
    return run(s, sequences, steps, moments);
  }
  B backend;
  Model<B> model;
};

[[nodiscard]] std::vector<int> tokens_of(std::uint64_t seed, std::size_t n) {
  Random random(seed);
  std::vector<int> tokens;
  for (std::size_t i = 0; i < n; ++i) tokens.push_back(static_cast<int>(random.below(97)));
  return tokens;
}

// An independent transformer with skipping, for one sequence and one token at a time, without step plans and K/V index:
// the backend's operations run the sub-layers that are not skipped, and everything else is written here.
template <class B>
class ByHand {
 public:
  using Real = typename B::Real;
  ByHand(Lab<B>& lab, std::size_t capacity, KvType kv) : b_(lab.backend), model_(lab.model) {
    const ModelConfig& c = config();
    cache_ = b_.make_cache(model_.cache_shape(1, capacity, kv));
    for (int l = 0; l < c.n_layers; ++l) {
      const RopeConfig* rope = c.rope_of(l);
      angles_.push_back(rope == nullptr ? RopeAngles<Real>(c.rope, 0) : RopeAngles<Real>(*rope, capacity));
    }
    stored_.resize(size(c.n_layers));
  }

  // The same numbers as those of `run` for a row.
  RowResults<B> step(int token, const Decisions& decisions) {
    const ModelConfig& c = config();
    x_.assign(size(c.hidden), 0);
    RowResults<B> moments;
    b_.embed(row(x_), one(token), model_.embedding, c.embedding_multiplier);
    for (int l = 0; l < c.n_layers; ++l) {
      std::vector<Real> before = x_;
      for (const Unit unit : {Unit::attention, Unit::mlp}) {
        const SkipDecision& d = decisions[size(Sublayer{unit, l}.index())];
        if (unit == Unit::attention && (!d.skip || d.kv == KvOnSkip::project)) attention(l, !d.skip, moments);
        if (unit == Unit::attention && d.skip && d.kv == KvOnSkip::copy_below) copy_below(l);
        if (unit == Unit::mlp && !d.skip) mlp(l, moments);
        if (!d.skip) continue;
        for (Real& value : x_) value *= static_cast<Real>(d.scale);
      }
      Moments<Real> m;
      b_.measure({&m, {1}}, row(before), row(x_));
      moments.insert(moments.end(), {m.dot, m.before, m.after});
    }
    ++position_;
    RowResults<B> results(size(c.vocab));
    b_.logits(row(results), row(x_), one(0), model_.final_norm, c.norm_eps, model_.head, c.logit_multiplier,
              c.logit_softcap);
    results.insert(results.end(), moments.begin(), moments.end());
    return results;
  }
  [[nodiscard]] const std::vector<std::vector<int>>& stored() const { return stored_; }

 private:
  [[nodiscard]] static std::size_t size(int n) { return static_cast<std::size_t>(n); }
  [[nodiscard]] const ModelConfig& config() const { return model_.config; }
  [[nodiscard]] static View<Real, 2> row(std::vector<Real>& values) { return {values.data(), {1, values.size()}}; }
  // Both backends work in host memory, so nothing needs uploading.
  [[nodiscard]] View<const int, 1> one(int value) {
    index_ = value;
    return {&index_, {1}};
  }

  void attention(int l, bool runs, RowResults<B>& moments) {
    const Layer<B>& layer = model_.layers[size(l)];
    std::vector<int>& entries = stored_[size(l)];
    entries.push_back(position_);
    const int window = config().kinds().window_of(l);
    int first = 0;
    while (window != 0 && entries[size(first)] <= position_ - window) ++first;
    const std::vector<int> ints{
        0, 0, position_, static_cast<int>(entries.size()) - 1, static_cast<int>(entries.size()), first};
    const auto list = [&](std::size_t i) { return View<const int, 1>(&ints[i], {1}); };
    AttentionRows rows{list(0), list(1), list(2), list(3), list(4), runs ? std::size_t{1} : 0};
    if (window != 0) rows.first = list(5);
    const RopeAngles<Real>& angles = angles_[size(l)];
    const std::size_t half = size(config().rope.rotary_dim) / 2;
    const typename View<const Real, 2>::Extents extents{angles.cos.size() / half, half};
    const RopeTable<B> rope{{angles.cos.data(), extents}, {angles.sin.data(), extents}};
    std::vector<Real> q(size(config().q_dim())), out(q.size());
    b_.project_qkv(row(q), cache_, l, row(x_), rows, layer.attention, model_.attention_shape(), rope);
    if (!runs) return;
    b_.attend(row(out), row(q), cache_, l, rows, model_.attention_shape());
    add(row(out), layer.attention.out, layer.attention.post_norm, moments);
  }
  void mlp(int l, RowResults<B>& moments) {
    const Layer<B>& layer = model_.layers[size(l)];
    std::vector<Real> h(size(config().ffn));
    b_.gate_up(row(h), row(x_), one(0), layer.mlp, config().norm_eps, config().activation);
    add(row(h), layer.mlp.down, layer.mlp.post_norm, moments);
  }
  void add(View<const Real, 2> in, const typename B::Weight& weight, const typename B::Vector& post_norm,
           RowResults<B>& moments) {
    Moments<Real> m;
    b_.project_add(row(x_), one(0), in, weight, config().residual_multiplier, View<Moments<Real>, 1>(&m, {1}),
                   post_norm, config().norm_eps);
    moments.insert(moments.end(), {m.dot, m.before, m.after});
  }
  void copy_below(int l) {
    for (int below = l - 1; below >= 0; --below) {
      const std::vector<int>& from = stored_[size(below)];
      if (from.empty() || from.back() != position_ || config().rope_of(below) != config().rope_of(l)) continue;
      const std::vector<EntryCopy> copies{
          {0, below, static_cast<int>(from.size()) - 1, 0, l, static_cast<int>(stored_[size(l)].size()), 1}};
      b_.copy_entries(cache_, copies);
      stored_[size(l)].push_back(position_);
      return;
    }
  }

  B& b_;
  const Model<B>& model_;
  typename B::Cache cache_;
  std::vector<RopeAngles<Real>> angles_;  // [layers]
  std::vector<Real> x_;
  std::vector<std::vector<int>> stored_;  // [layers] positions
  int position_ = 0, index_ = 0;
};

template <class B, class Sequences>
[[nodiscard]] Results<B> by_hand(Lab<B>& lab, const Sequences& sequences, KvType kv) {
  Results<B> results;
  for (const Sequence& s : sequences) {
    ByHand<B> hand(lab, 64, kv);
    results.emplace_back();
    for (std::size_t t = 0; t < s.size(); ++t) results.back().push_back(hand.step(s.tokens[t], s.decisions[t]));
  }
  return results;
}

}  // namespace

TEST_CASE("invariants: a row's bits depend neither on steps, company, threads nor packing, whatever rows skip") {
  int index = 0;
  for (const NamedModel& m : varied_models()) {
    CAPTURE(m.name);
    Random random(7);
    std::vector<Sequence> sequences;
    for (const std::size_t length : {9, 1, 13, 5}) {
      sequences.push_back(random_sequence(random, m.source.config, length));
    }
    const bool has_offsets = m.name == "large biases" || m.name == "smollm3-like";
    const KvType kv = has_offsets ? KvType::q8_0 : static_cast<KvType>(index++ % 3);
    with_backends([&](const auto& make, const std::string& name) {
      CAPTURE(name);
      using B = decltype(make(1, true));
      Lab<B> lab(make(1, true), m.source);
      const Results<B> expected = by_hand(lab, sequences, kv);
      CHECK(different(lab.results(sequences, one_by_one(sequences), kv), expected) == 0);
      CHECK(different(lab.results(sequences, in_chunks(sequences, 3), kv), expected) == 0);
      CHECK(different(lab.results(sequences, mixed(sequences, 6, 1), kv), expected) == 0);
      Lab<B> two(make(2, false), m.source), three(make(3, true), m.source);
      CHECK(different(two.results(sequences, mixed(sequences, 1000, 2), kv), expected) == 0);
      CHECK(different(three.results(sequences, in_chunks(sequences, 512), kv), expected) == 0);
      if (m.source.config.rope.pairing == RopePairing::interleaved) return;  // small steps on threads: once is enough
      CHECK(different(two.results(sequences, mixed(sequences, 4, 3), kv), expected) == 0);
      CHECK(different(three.results(sequences, mixed(sequences, 3, 4), kv), expected) == 0);
    });
  }
}

TEST_CASE("invariants: measuring changes no logit") {
  for (const bool post_norm : {false, true}) {
    const ModelSource source =
        tiny_model(tiny_config(DType::q8_0), {.seed = 2, .dtype = DType::q8_0, .post_norm = post_norm});
    Random random(8);
    const std::vector<Sequence> sequences{random_sequence(random, source.config, 9),
                                          random_sequence(random, source.config, 6)};
    with_backends([&](const auto& make, const std::string& name) {
      CAPTURE(name);
      Lab lab(make(2, true), source);
      auto measured = lab.results(sequences, mixed(sequences, 5, 1));
      const auto plain = lab.results(sequences, mixed(sequences, 5, 1), KvType::f16, false);
      for (auto& sequence : measured) {
        for (auto& row : sequence) row.resize(97);
      }
      CHECK(different(measured, plain) == 0);
    });
  }
}

TEST_CASE("invariants: contexts longer than a block of attention, and gaps and windows in them") {
  for (const int window : {0, 7, 150}) {
    CAPTURE(window);
    ModelConfig config = tiny_config();
    config.n_layers = 2;
    if (window != 0) config.layer_kinds = {{LayerRope::none, true}, {LayerRope::global, window == 7}};
    config.window = window;
    const ModelSource source = tiny_model(config, {.seed = 12, .dtype = DType::f32});
    Random random(9);
    const std::vector<Sequence> sequences{random_sequence(random, config, 259), random_sequence(random, config, 66)};
    with_backends([&](const auto& make, const std::string& name) {
      CAPTURE(name);
      Lab lab(make(1, true), source), two(make(2, true), source);
      auto alone = lab.session(2, 259), chunks = two.session(2, 259), together = two.session(2, 320);
      const auto expected = run(alone, sequences, one_by_one(sequences));
      CHECK(different(run(chunks, sequences, in_chunks(sequences, 64)), expected) == 0);
      CHECK(different(run(together, sequences, mixed(sequences, 3, 5)), expected) == 0);
    });
  }
}

// A row at the first position after a window's length no longer sees the first position, whatever that holds.
TEST_CASE("invariants: what lies before the window has no effect, whatever it is") {
  ModelConfig config = tiny_config();
  config.n_layers = 1;  // with more layers a row sees further through the rows between
  config.window = 5;
  config.layer_kinds = {{LayerRope::global, true}};
  const ModelSource source = tiny_model(config, {.seed = 13, .dtype = DType::f32});
  std::vector<int> tokens = tokens_of(21, 40), other = tokens;
  other[3] = (tokens[3] + 1) % 97;
  for (const KvType kv : {KvType::f16, KvType::q8_0}) {
    with_backends([&](const auto& make, const std::string& name) {
      CAPTURE(name);
      Lab lab(make(1, true), source);
      const std::vector<Sequence> a{under(Decisions(2), tokens)}, b{under(Decisions(2), other)};
      const auto found = lab.results(a, in_chunks(a, 40), kv), changed = lab.results(b, in_chunks(b, 40), kv);
      for (std::size_t t = 0; t < 40; ++t) CHECK(same_bits(found[0][t], changed[0][t]) == (t < 3 || t > 7));
    });
  }
}

TEST_CASE("invariants: each (slot, layer) stores exactly the positions that its decisions leave") {
  const ModelSource source = tiny_model(tiny_config());
  Random random(10);
  std::vector<Sequence> sequences;
  for (const std::size_t length : {17, 8, 11}) sequences.push_back(random_sequence(random, source.config, length));
  with_backends([&](const auto& make, const std::string& name) {
    CAPTURE(name);
    Lab lab(make(1, true), source);
    auto session = lab.session(3);
    static_cast<void>(run(session, sequences, mixed(sequences, 8, 6), false));
    for (int s = 0; s < 3; ++s) {
      const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
      ByHand hand(lab, 64, KvType::f16);
      for (std::size_t t = 0; t < sequence.size(); ++t) hand.step(sequence.tokens[t], sequence.decisions[t]);
      const KvIndex& index = session.cache().index();
      CHECK(index.length(s) == static_cast<int>(sequence.size()));
      for (int l = 0; l < source.config.n_layers; ++l) {
        std::vector<int> found;
        for (int e = 0; e < index.stored(s, l); ++e) found.push_back(index.stored_position(s, l, e));
        CHECK(found == hand.stored()[static_cast<std::size_t>(l)]);
      }
    }
  });
}

TEST_CASE("invariants: all sub-layers skipped leave the embedding and the head, scaled") {
  for (const NamedModel& m : varied_models()) {
    CAPTURE(m.name);
    const ModelConfig& c = m.source.config;
    const Decisions all(static_cast<std::size_t>(c.n_sublayers()), SkipDecision{true, 1, KvOnSkip::copy_below});
    Decisions halved = all;
    halved[1].scale = 0.5f;
    const std::vector<int> tokens = tokens_of(3, 5);
    with_backends([&](const auto& make, const std::string& name) {
      CAPTURE(name);
      using B = decltype(make(1, true));
      using Real = typename B::Real;
      Lab<B> lab(make(1, true), m.source);
      const auto n = tokens.size(), hidden = static_cast<std::size_t>(c.hidden),
                 vocab = static_cast<std::size_t>(c.vocab);
      for (const Decisions& decisions : {all, halved}) {
        const std::vector<Sequence> sequences{under(decisions, tokens)};
        const Results<B> found = lab.results(sequences, in_chunks(sequences, 3));
        std::vector<Real> x(n * hidden), logits(n * vocab);
        std::vector<int> rows(n);
        for (std::size_t i = 0; i < n; ++i) rows[i] = static_cast<int>(i);
        const View<Real, 2> stream(x.data(), {n, hidden});
        lab.backend.embed(stream, View<const int, 1>(tokens.data(), {n}), lab.model.embedding, c.embedding_multiplier);
        for (Real& value : x) value *= static_cast<Real>(decisions[1].scale);
        lab.backend.logits(View<Real, 2>(logits.data(), {n, vocab}), stream, View<const int, 1>(rows.data(), {n}),
                           lab.model.final_norm, c.norm_eps, lab.model.head, c.logit_multiplier, c.logit_softcap);
        for (std::size_t t = 0; t < n; ++t) {
          const std::vector<Real>& row = found[0][t];  // logits, and how layers change the stream
          CHECK(same_bits(std::vector<Real>(row.begin(), row.begin() + c.vocab),
                          std::vector<Real>(&logits[t * vocab], &logits[t * vocab] + vocab)));
        }
      }
    });
  }
}

TEST_CASE("invariants: skipped sub-layers equal a model whose output projections there are zero") {
  for (const DType type : {DType::f32, DType::q8_0, DType::q4_k}) {
    ModelConfig config = tiny_config(type);
    config.residual_multiplier = 0.75f;
    const ModelSource source = tiny_model(config, {.seed = 4, .dtype = type});
    const std::vector<std::byte> zeros(source.tensors.layers[0].w_down.bytes() + source.tensors.layers[0].wo.bytes());
    Random random(5);
    for (int round = 0; round < 3; ++round) {
      // All rows have the same mask, so the K/V entries of skipped attentions are never read, and any `kv` may be used.
      Decisions mask = random_decisions(random, config.n_layers, 0.5f);
      ModelSource zeroed = source;
      for (std::size_t u = 0; u < mask.size(); ++u) {
        mask[u].scale = 1;
        LayerTensors& layer = zeroed.tensors.layers[u / 2];
        if (mask[u].skip) (u % 2 == 0 ? layer.wo : layer.w_down).data = zeros.data();
      }
      const std::vector<Sequence> skipping{under(mask, tokens_of(6, 12))};
      const std::vector<Sequence> plain{under(Decisions(mask.size()), tokens_of(6, 12))};
      with_backends([&](const auto& make, const std::string& name) {
        CAPTURE(name);
        Lab lab(make(1, true), source), without(make(1, true), zeroed);
        const auto found = lab.results(skipping, in_chunks(skipping, 5), KvType::f16, false);
        CHECK(different(found, without.results(plain, in_chunks(plain, 5), KvType::f16, false)) == 0);
      });
    }
  }
}

TEST_CASE("invariants: a skipped attention that projects stores what it would have stored if it ran") {
  // K and V come from the input of the sub-layer, whatever the factor that replaces the sub-layer.
  const ModelSource source = tiny_model(tiny_config(), {.seed = 14, .biases = true});
  const std::vector<int> tokens = tokens_of(15, 6);
  for (const float scale : {1.0f, 0.5f, 0.0f}) {
    CAPTURE(scale);
    Decisions projecting(8);
    projecting[0] = {true, scale, KvOnSkip::project};
    with_backends([&](const auto& make, const std::string& name) {
      CAPTURE(name);
      Lab lab(make(1, true), source);
      // The first tokens run or store; the last one sees only their entries in layer 0, since it runs nothing else.
      Decisions last(8, SkipDecision{true, 1, KvOnSkip::none});
      last[0] = {};
      std::vector<Sequence> ran{under(Decisions(8), tokens)}, stored{under(projecting, tokens)};
      ran[0].decisions.back() = stored[0].decisions.back() = last;
      const auto expected = lab.results(ran, one_by_one(ran));
      const auto found = lab.results(stored, one_by_one(stored));
      CHECK(same_bits(found[0].back(), expected[0].back()));
      CHECK(!same_bits(found[0].front(), expected[0].front()));
    });
  }
}

namespace {
// A plain model, and one whose windows end inside what a fork or a truncation keeps, or before it.
[[nodiscard]] std::vector<ModelSource> forked_models() {
  ModelConfig config = tiny_config(DType::q8_0);
  std::vector<ModelSource> models{tiny_model(config, {.seed = 16, .dtype = DType::q8_0})};
  config.window = 4;
  config.layer_kinds = {{LayerRope::global, true}, {}, {LayerRope::none, true}, {LayerRope::global, true}};
  models.push_back(tiny_model(config, {.seed = 16, .dtype = DType::q8_0, .biases = true, .post_norm = true}));
  return models;
}
}  // namespace

TEST_CASE("invariants: decoding after a fork or a truncation equals decoding from scratch") {
  for (const ModelSource& source : forked_models()) {
    Random random(17);
    const Sequence whole = random_sequence(random, source.config, 16);
    Sequence other = random_sequence(random, source.config, 16);        // the same prefix, then another end
    const Sequence third = random_sequence(random, source.config, 16);  // what the other slot held before
    const std::size_t common = 9;
    for (std::size_t t = 0; t < common; ++t) {
      other.tokens[t] = whole.tokens[t];
      other.decisions[t] = whole.decisions[t];
    }
    const auto end_of = [&](std::size_t sequence) {
      Steps steps;
      for (std::size_t t = common; t < whole.size(); ++t) steps.push_back({{sequence, t}});
      return steps;
    };
    for (const KvType kv : {KvType::f16, KvType::f32, KvType::q8_0}) {
      with_backends([&](const auto& make, const std::string& name) {
        CAPTURE(name);
        Lab lab(make(1, true), source);
        const std::vector<Sequence> sequences{whole, other};
        auto expected = lab.results(sequences, one_by_one(sequences), kv);
        for (auto& sequence : expected) sequence.erase(sequence.begin(), sequence.begin() + common);

        auto session = lab.session(2, 64, kv);
        static_cast<void>(run(session, {whole, third}, mixed({whole, third}, 7, 3)));
        session.cache().fork(0, 1, static_cast<int>(common));
        CHECK(different(run(session, sequences, end_of(1))[1], expected[1]) == 0);
        session.cache().truncate(0, static_cast<int>(common));
        CHECK(different(run(session, sequences, end_of(0))[0], expected[0]) == 0);
        session.cache().truncate(0, static_cast<int>(common));  // now with the other's end
        CHECK(different(run(session, {other}, end_of(0))[0], expected[1]) == 0);
        session.cache().truncate(1, 0);
        CHECK(different(run(session, {other, whole}, in_chunks({Sequence{}, whole}, 16))[1],
                        lab.results({whole}, in_chunks({whole}, 1), kv)[0]) == 0);
      });
    }
  }
}

TEST_CASE("invariants: reuse under equal decisions equals computing afresh; under others nothing is reused") {
  for (const ModelSource& source : forked_models()) {
    Random random(18);
    const Decisions mask = random_decisions(random, 4);
    Decisions other_mlp = mask;  // differs in the last MLP alone: the K/V of the layers would even be the same
    other_mlp[7] = mask[7].skip ? SkipDecision{} : SkipDecision{true, 1, KvOnSkip::none};
    std::vector<int> first = tokens_of(19, 12), second = tokens_of(20, 12);
    std::copy_n(first.begin(), 7, second.begin());
    second[7] = (first[7] + 1) % 97;
    with_backends([&](const auto& make, const std::string& name) {
      CAPTURE(name);
      Lab lab(make(1, true), source);
      for (const Decisions& now : {mask, other_mlp}) {
        auto session = lab.session(1);
        static_cast<void>(run(session, {under(mask, first)}, in_chunks({under(mask, first)}, 5)));
        const int kept = session.cache().reuse(0, second, session.decisions().number_of(now));
        CHECK(kept == (now == mask ? 7 : 0));
        CHECK(session.cache().length(0) == kept);
        Steps rest;
        for (std::size_t t = static_cast<std::size_t>(kept); t < 12; ++t) rest.push_back({{0, t}});
        auto expected = lab.results({under(now, second)}, one_by_one({under(now, second)}));
        expected[0].erase(expected[0].begin(), expected[0].begin() + kept);
        CHECK(different(run(session, {under(now, second)}, rest), expected) == 0);
      }
    });
  }
}
