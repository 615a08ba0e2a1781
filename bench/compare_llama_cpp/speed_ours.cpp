// Times the engine for bench/compare_llama_cpp.py and tests/crosscheck/skip_speed.py, which build and drive it: one
// command a line on standard input, one JSON object a line on standard output. The first line describes the model.
//
//   speed_ours MODEL THREADS SEQUENCES CAPACITY     CAPACITY: positions of one sequence
//   decode N [SPEC]     N decoded tokens after a prompt of 16, each under the decisions that SPEC makes for it
//   prefill N [SPEC]    N tokens in one step, logits of the last
//   batch B N           N steps, each with one new token for each of B sequences, after prompts of 16
//   context C N         N decoded tokens after C positions, which then stay in the cache for the next such command
//
// An answer has the seconds, and what the timed steps demand: bytes of weights and of keys and values that are read,
// and the operations (multiplications and additions) of all matrix products.
#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/skip/standard.hpp"

using namespace litestage;

namespace {

constexpr std::size_t prompt_tokens = 16;
constexpr std::size_t largest_step = 512;  // rows of one step while a context is filled

// What timed steps compute, together.
struct Extent {
  std::size_t steps = 0;
  std::size_t rows = 0;
  std::size_t logit_rows = 0;
  std::size_t positions = 0;  // summed over the rows that attend to them
};

struct Timed {
  double seconds = 0;
  std::size_t weight_bytes = 0;  // packed weights, read once a step
  std::size_t cache_bytes = 0;
  std::size_t operations = 0;
};

// The sum of the lengths first + 1 .. first + n.
constexpr std::size_t positions_after(std::size_t first, std::size_t n) {
  return n * first + n * (n + 1) / 2;
}

class Runner {
 public:
  Runner(const std::string& path, int threads, const SessionOptions& options)
      : backend_(CpuOptions{threads}),
        source_(io::read_model_source(path)),
        model_(load(backend_, source_)),
        options_(options),
        session_(backend_, model_, options) {}

  void describe(std::ostream& out) const {
    out << R"({"instruction_set": ")" << backend_.instruction_set() << R"(", "max_context": )"
        << model_.config.max_context << '}' << std::endl;
  }
  Timed decode(std::size_t n, const skip::Standard& skip) {
    expect_room(1, prompt_tokens + n);
    session_.cache().truncate(0, 0);
    const auto state = skip.begin(request(n));
    fill(0, prompt_tokens, number(skip, state, StepInfo{Phase::prefill, 0}));
    // Decisions are made anew in every step, as the pipeline does.
    const double seconds = seconds_of([&] {
      for (std::size_t i = 0; i < n; ++i) step(1, 1, number(skip, state, StepInfo{Phase::decode, static_cast<int>(i)}));
    });
    return timed(seconds, {n, n, n, positions_after(prompt_tokens, n)},
                 decide_all(skip, state, StepInfo{Phase::decode, 0}, model_.config.n_layers));
  }
  Timed prefill(std::size_t n, const skip::Standard& skip) {
    expect_room(1, n);
    session_.cache().truncate(0, 0);
    const auto state = skip.begin(request(0));
    const StepInfo info{Phase::prefill, 0};
    const double seconds = seconds_of([&] { step(1, n, number(skip, state, info)); });
    return timed(seconds, {1, n, 1, n}, decide_all(skip, state, info, model_.config.n_layers));
  }
  Timed batch(std::size_t sequences, std::size_t n) {
    expect_room(sequences, prompt_tokens + n);
    for (std::size_t s = 0; s < sequences; ++s) {
      session_.cache().truncate(static_cast<int>(s), 0);
      fill(static_cast<int>(s), prompt_tokens, session_.skip_nothing());
    }
    const double seconds = seconds_of([&] {
      for (std::size_t i = 0; i < n; ++i) step(sequences, 1, session_.skip_nothing());
    });
    return timed(seconds, {n, sequences * n, sequences * n, sequences * positions_after(prompt_tokens, n)},
                 session_.decisions()[session_.skip_nothing()]);
  }
  Timed context(std::size_t positions, std::size_t n) {
    expect_room(1, positions + n);
    fill(0, positions, session_.skip_nothing());
    const double seconds = seconds_of([&] {
      for (std::size_t i = 0; i < n; ++i) step(1, 1, session_.skip_nothing());
    });
    session_.cache().truncate(0, static_cast<int>(positions));
    return timed(seconds, {n, n, n, positions_after(positions, n)}, session_.decisions()[session_.skip_nothing()]);
  }

 private:
  template <class F>
  static double seconds_of(F&& f) {
    const auto started = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  }
  [[nodiscard]] RequestInfo request(std::size_t n) const {
    return RequestInfo{model_.config.n_layers, 0, "speed", static_cast<int>(n)};
  }
  int number(const skip::Standard& skip, const skip::Standard::State& state, const StepInfo& info) {
    return session_.decisions().number_of(decide_all(skip, state, info, model_.config.n_layers));
  }
  void expect_room(std::size_t sequences, std::size_t positions) const {
    if (sequences <= options_.slots && positions <= options_.capacity) return;
    throw Error(concat("sequences and positions of each: found ", sequences, " and ", positions, ", expected at most ",
                       options_.slots, " and ", options_.capacity));
  }

  // One step with the next n tokens of each of the first `sequences` sequences. Which tokens they are makes no
  // difference to the time.
  void step(std::size_t sequences, std::size_t n, int decisions) {
    rows_.clear();
    for (int slot = 0; slot < static_cast<int>(sequences); ++slot) add_rows(slot, n, decisions);
    session_.step(rows_);
  }
  void add_rows(int slot, std::size_t n, int decisions) {
    for (std::size_t i = 0; i < n; ++i) {
      const int position = session_.cache().length(slot) + static_cast<int>(i);
      const int token = (100 + position * 37 % 1000) % model_.config.vocab;
      rows_.push_back(StepRow{token, slot, decisions, i + 1 == n});
    }
  }
  // Makes a sequence that many positions long, from the length that it has.
  void fill(int slot, std::size_t positions, int decisions) {
    KvCache<CpuBackend>& cache = session_.cache();
    if (cache.length(slot) > static_cast<int>(positions)) cache.truncate(slot, static_cast<int>(positions));
    while (cache.length(slot) < static_cast<int>(positions)) {
      rows_.clear();
      const std::size_t missing = positions - static_cast<std::size_t>(cache.length(slot));
      add_rows(slot, missing < largest_step ? missing : largest_step, decisions);
      session_.step(rows_);
    }
  }

  // Steps under one decision vector, and what they demand of the machine.
  [[nodiscard]] Timed timed(double seconds, const Extent& extent, const Decisions& decisions) const {
    std::size_t bytes = model_.head.bytes(), elements = 0, attentions = 0;
    const auto count = [&](const CpuBackend::Weight& weight) {
      bytes += weight.bytes();
      elements += weight.rows() * weight.columns();
    };
    for (std::size_t l = 0; l < model_.layers.size(); ++l) {
      const auto& [attention, mlp] = model_.layers[l];
      if (!decisions[2 * l].skip) {
        for (const auto* weight : {&attention.q, &attention.k, &attention.v, &attention.out}) count(*weight);
        ++attentions;
      }
      if (!decisions[2 * l + 1].skip) {
        for (const auto* weight : {&mlp.gate, &mlp.up, &mlp.down}) count(*weight);
      }
    }
    const std::size_t head_elements = model_.head.rows() * model_.head.columns();
    // A position has a key and a value, two bytes a number.
    const std::size_t position_bytes = 2 * 2 * static_cast<std::size_t>(model_.config.kv_dim()) * attentions;
    return {seconds, extent.steps * bytes, extent.positions * position_bytes,
            2 * (extent.rows * elements + extent.logit_rows * head_elements)};
  }

  CpuBackend backend_;
  ModelSource source_;
  Model<CpuBackend> model_;
  SessionOptions options_;
  Session<CpuBackend> session_;
  std::vector<StepRow> rows_;
};

Timed answer(Runner& runner, const std::string& line) {
  std::istringstream words(line);
  std::string command, last;
  std::size_t n = 0, steps = 0;
  words >> command >> n >> last;
  if (command == "batch" || command == "context") std::istringstream(last) >> steps;
  if (command == "batch" && n > 0 && steps > 0) return runner.batch(n, steps);
  if (command == "context" && n > 0 && steps > 0) return runner.context(n, steps);
  if (n == 0 || (command != "decode" && command != "prefill")) {
    throw Error(concat("found \"", line, "\", expected decode N [SPEC], prefill N [SPEC], batch B N or context C N"));
  }
  const auto skip = read_spec<skip::Standard>(last.empty() ? "never" : last, Where("SPEC"));
  return command == "decode" ? runner.decode(n, skip) : runner.prefill(n, skip);
}

void serve(Runner& runner) {
  runner.describe(std::cout);
  for (std::string line; std::getline(std::cin, line);) {
    const Timed timed = answer(runner, line);
    std::cout << R"({"seconds": )" << timed.seconds << R"(, "weight_bytes": )" << timed.weight_bytes
              << R"(, "cache_bytes": )" << timed.cache_bytes << R"(, "operations": )" << timed.operations << '}'
              << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 5) throw Error("expected four arguments: MODEL THREADS SEQUENCES CAPACITY");
    Runner runner(argv[1], std::stoi(argv[2]), {std::stoul(argv[3]), std::stoul(argv[4]), KvType::f16});
    serve(runner);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "speed_ours: " << e.what() << '\n';
    return 1;
  }
}
