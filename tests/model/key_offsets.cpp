#include "litestage/model/key_offsets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

#include "common/close.hpp"
#include "common/tiny_model.hpp"

using namespace litestage;
using namespace litestage::test;

TEST_CASE("key offsets: the bias turned by RoPE, averaged over positions") {
  for (const bool halves : {false, true}) {
    ModelConfig config = tiny_config();
    config.rope.pairing = halves ? RopePairing::halves : RopePairing::interleaved;
    config.rope.rotary_dim = 12;
    config.rope.base = 1e9;
    config.rope.factors = {1, 1, 1.5f, 2, 4, 8};
    const ModelSource source = tiny_model(config, {.seed = 3, .biases = true, .bias = 30});
    const std::vector<float> offsets = key_offsets(source);
    const std::size_t layers = 4, heads = 2, dim = 16, pairs = 6;
    REQUIRE(offsets.size() == layers * heads * dim);
    for (std::size_t h = 0; h < layers * heads; ++h) {
      const RawTensor& bias = source.tensors.layers[h / heads].bk;
      const auto* b = reinterpret_cast<const float*>(bias.data) + h % heads * dim;
      const float* found = &offsets[h * dim];
      for (std::size_t i = 0; i < pairs; ++i) {
        const std::size_t first = halves ? i : 2 * i, second = halves ? i + pairs : 2 * i + 1;
        const double frequency =
            std::pow(1e9, -static_cast<double>(i) / 6) / static_cast<double>(config.rope.factors[i]);
        // The mean of e^(i f p) is a geometric sum.
        const std::complex<double> step = std::polar(1.0, frequency), all = std::polar(1.0, 4096 * frequency);
        const std::complex<double> mean = (all - 1.0) / (step - 1.0) / 4096.0;
        const std::complex<double> expected = std::complex<double>(b[first], b[second]) * mean;
        // Bias of at most 4 spreads; the sum loses digits where step is close to 1.
        CHECK(close(static_cast<double>(found[first]), expected.real(), 120 * (0x1p-24 + 0x1p-50 / frequency)));
        CHECK(close(static_cast<double>(found[second]), expected.imag(), 120 * (0x1p-24 + 0x1p-50 / frequency)));
      }
      for (std::size_t j = 2 * pairs; j < dim; ++j) CHECK(found[j] == b[j]);  // these do not turn
      // Pair 0 turns by a radian a position, and nothing of it is left; pair 5 by 2e-5 radian over all positions.
      CHECK(std::hypot(found[0], found[halves ? 6 : 1]) < 1e-3f * std::hypot(b[0], b[halves ? 6 : 1]));
      const std::size_t slow = halves ? 5 : 10;
      CHECK(std::hypot(found[slow] - b[slow], found[11] - b[11]) < 1e-4f * std::hypot(b[slow], b[11]));
    }
  }
}

TEST_CASE("key offsets: nothing without a bias, and 0 where keys are normed after it") {
  CHECK(key_offsets(tiny_model(tiny_config())).empty());
  CHECK(key_offsets(tiny_model(tiny_config(), {.biases = true, .qk_norm = true})).empty());
  ModelSource source = tiny_model(tiny_config(), {.biases = true});
  source.tensors.layers[1].bk = {};
  source.tensors.layers[2].k_norm = source.tensors.layers[0].attention_norm;
  const std::vector<float> offsets = key_offsets(source);
  REQUIRE(offsets.size() == 4 * 32);
  for (std::size_t l = 0; l < 4; ++l) {
    bool zero = true;
    for (std::size_t j = 0; j < 32; ++j) zero = zero && offsets[l * 32 + j] == 0;
    CHECK(zero == (l == 1 || l == 2));
  }
}

TEST_CASE("key offsets: each layer by its own RoPE; the bias itself where nothing turns, 0 where the session decides") {
  ModelConfig config = tiny_config();
  config.rope.rotary_dim = config.local_rope.rotary_dim = 10;
  config.rope.base = 1e9;
  config.rope.magnitude = 1.5f;
  config.local_rope.base = 100;
  config.layer_kinds = {{}, {LayerRope::none, false}, {LayerRope::local, true}, {}};
  config.window = 3;
  ModelSource source = tiny_model(config, {.seed = 3, .biases = true, .bias = 30});
  const std::vector<float> offsets = key_offsets(source);
  REQUIRE(offsets.size() == 4 * 32);
  ModelSource alike = source;  // all layers like layer 0, with a magnitude of 1
  alike.config.layer_kinds.clear();
  alike.config.rope.magnitude = 1;
  const std::vector<float> plain = key_offsets(alike);
  alike.config.rope.base = 100;
  const std::vector<float> local = key_offsets(alike);
  for (std::size_t j = 0; j < 32; ++j) {
    const double whole = j % 16 < 10 ? 1.5 : 1;  // the rest is not turned, nor multiplied
    CHECK(close(static_cast<double>(offsets[j]), whole * static_cast<double>(plain[j]), 120 * 0x1p-23));
    CHECK(offsets[32 + j] == reinterpret_cast<const float*>(source.tensors.layers[1].bk.data)[j]);
    CHECK(offsets[64 + j] == local[64 + j]);
    CHECK(close(static_cast<double>(offsets[96 + j]), whole * static_cast<double>(plain[96 + j]), 120 * 0x1p-23));
  }
  source.config.rope.long_factors.assign(5, 2.0f);
  const std::vector<float> undecided = key_offsets(source);
  CHECK(std::all_of(undecided.begin(), undecided.begin() + 32, [](float x) { return x == 0; }));
  CHECK(std::equal(undecided.begin() + 32, undecided.begin() + 96, offsets.begin() + 32));
  source.config.layer_kinds.clear();
  CHECK(key_offsets(source).empty());
}
