// Limits of the gpu backend: what it refuses, what it divides into pieces, and its state after an error.
#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "common/close.hpp"
#include "common/error_of.hpp"
#include "common/sequences.hpp"
#include "gpu/emulated_backend.hpp"

using namespace litestage;
using namespace litestage::test;

TEST_CASE("gpu limits: heads and slots that the kernels of attention were not made for are refused") {
  EmulatedBackend backend;
  const auto refusal = [&](std::size_t head_dim, std::size_t capacity) {
    return error_of([&] { static_cast<void>(backend.make_cache({1, 1, capacity, 1, head_dim, KvType::f16})); });
  };
  CHECK(refusal(12, 8) ==
        "the gpu backend needs a head dimension that is a multiple of 8 and at most 256, this model has 12");
  CHECK(refusal(264, 8) ==
        "the gpu backend needs a head dimension that is a multiple of 8 and at most 256, this model has 264");
  CHECK(refusal(64, 131073) ==
        "the gpu backend attends to at most 131072 entries, but a slot of this cache holds 131073");
  CHECK(error_of([&] {
          static_cast<void>(backend.make_cache({1, 1, 8, 1, 64, KvType::q8_0}));
        }) == "the gpu backend stores K/V in f16 or f32, found q8_0");
  CHECK(backend.make_cache({1, 1, 131072, 1, 8, KvType::f16}).shape.capacity == 131072);
}

TEST_CASE("gpu limits: rows too wide for sixteen of them in shared memory go in pieces, to the same bits") {
  ModelConfig config = tiny_config(DType::f32);
  config.n_layers = 1;
  config.ffn = 2048;
  const ModelSource source = tiny_model(config, {.seed = 8, .dtype = DType::f32});
  std::vector<Sequence> sequences;
  Steps one_step(1);
  for (int s = 0; s < 8; ++s) {
    sequences.push_back(under(Decisions(2), {11 * s}));
    one_step[0].push_back({static_cast<std::size_t>(s), 0});
  }
  EmulatedBackend backend;
  const auto model = load(backend, source);
  const auto results = [&](const Steps& steps) {
    Session<EmulatedBackend> session(backend, model, {8, 4, KvType::f16});
    return run(session, sequences, steps, false);
  };
  const auto alone = results(one_by_one(sequences)), together = results(one_step);
  for (std::size_t s = 0; s < sequences.size(); ++s) CHECK(same_bits(together[s][0], alone[s][0]));
}

TEST_CASE(
    "gpu limits: a model that does not fit is refused before its first tensor is uploaded, and a shared one fits") {
  const ModelSource source = tiny_model(tiny_config(DType::q8_0), {.seed = 4, .dtype = DType::q8_0});
  EmulatedBackend backend;
  const auto allocated = [&] { return backend.runtime().emulator().memory().allocated(); };
  backend.runtime().set_free_bytes(1000);
  CHECK(error_of([&] { static_cast<void>(load(backend, source)); }).find("1000 are free") != std::string::npos);
  CHECK(allocated() == 0);
  backend.runtime().set_free_bytes(std::size_t{1} << 30);
  const auto model = load(backend, source);
  std::size_t matrices = model.head.bytes() + model.embedding.bytes();
  for (const auto& l : model.layers) {
    matrices += l.attention.q.bytes() + l.attention.k.bytes() + l.attention.v.bytes() + l.attention.out.bytes() +
                l.mlp.gate.bytes() + l.mlp.up.bytes() + l.mlp.down.bytes();
  }
  backend.runtime().set_free_bytes(allocated() - matrices);  // enough for the vectors, which are not shared
  static_cast<void>(load(backend, source));
}

TEST_CASE("gpu limits: an error while a step is recorded is the one that is told, and the next step runs") {
  TestRuntime runtime;
  CHECK(error_of([&] { static_cast<void>(gpu::record(runtime, [] { throw Error("no such kernel"); })); }) ==
        "no such kernel");
  std::vector<int> number(1), back(1);
  number[0] = 7;
  gpu::DeviceMemory<TestRuntime, int> memory(runtime, 1);
  runtime.copy_to_device(memory.data(), number.data(), sizeof(int));
  runtime.copy_to_host(back.data(), memory.data(), sizeof(int));
  CHECK(back == number);
}
