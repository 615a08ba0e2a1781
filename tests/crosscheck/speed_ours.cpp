// Times the engine for speed.py and skip_speed.py, which build and drive it: one command a line on standard input, one
// JSON object a line on standard output.
//
//   speed_ours MODEL THREADS
//   decode N SPEC     N decoded tokens after a prompt of 16, each under the decisions that SPEC makes for it
//   prefill N SPEC    N tokens in one step, logits of the last
#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <span>
#include <sstream>
#include <string>
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

class Runner {
 public:
  Runner(const std::string& path, int threads)
      : backend_(CpuOptions{threads}),
        source_(io::read_model_source(path)),
        model_(load(backend_, source_)),
        session_(backend_, model_, SessionOptions{1, 2048, KvType::f16}) {}

  [[nodiscard]] std::string instruction_set() const { return backend_.instruction_set(); }

  double prefill(std::size_t n, const skip::Standard& skip) {
    session_.cache().truncate(0, 0);
    const auto state = skip.begin(RequestInfo{n_layers(), 0, "speed", 0});
    return seconds([&] { step(n, skip, state, StepInfo{Phase::prefill, 0}); });
  }
  double decode(std::size_t n, const skip::Standard& skip) {
    session_.cache().truncate(0, 0);
    const auto state = skip.begin(RequestInfo{n_layers(), 0, "speed", static_cast<int>(n)});
    step(prompt_tokens, skip, state, StepInfo{Phase::prefill, 0});
    return seconds([&] {
      for (std::size_t i = 0; i < n; ++i) step(1, skip, state, StepInfo{Phase::decode, static_cast<int>(i)});
    });
  }
  // Bytes of packed weights that a decoded token reads: the head, and the matrices of the sub-layers that run.
  [[nodiscard]] std::size_t decode_bytes(const skip::Standard& skip) const {
    const auto state = skip.begin(RequestInfo{n_layers(), 0, "speed", 1});
    const Decisions decisions = decide_all(skip, state, StepInfo{Phase::decode, 0}, n_layers());
    std::size_t sum = model_.head.bytes();
    for (std::size_t l = 0; l < model_.layers.size(); ++l) {
      const auto& [attention, mlp] = model_.layers[l];
      if (!decisions[2 * l].skip) {
        sum += attention.q.bytes() + attention.k.bytes() + attention.v.bytes() + attention.out.bytes();
      }
      if (!decisions[2 * l + 1].skip) sum += mlp.gate.bytes() + mlp.up.bytes() + mlp.down.bytes();
    }
    return sum;
  }

 private:
  template <class F>
  static double seconds(F&& f) {
    const auto started = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  }
  [[nodiscard]] int n_layers() const { return model_.config.n_layers; }

  // Which tokens makes no difference to the time; decisions are made anew in every step, as the pipeline does.
  void step(std::size_t n, const skip::Standard& skip, const skip::Standard::State& state, const StepInfo& info) {
    const int number = session_.decisions().number_of(decide_all(skip, state, info, n_layers()));
    rows_.clear();
    for (std::size_t i = 0; i < n; ++i) {
      const int token = 100 + (session_.cache().length(0) + static_cast<int>(i)) * 37 % 1000;
      rows_.push_back(StepRow{token, 0, number, i + 1 == n});
    }
    session_.step(rows_);
  }

  CpuBackend backend_;
  ModelSource source_;
  Model<CpuBackend> model_;
  Session<CpuBackend> session_;
  std::vector<StepRow> rows_;
};

void serve(Runner& runner) {
  std::cout << R"({"ready": true, "instruction_set": ")" << runner.instruction_set() << "\"}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command, spec;
    std::size_t n = 0;
    words >> command >> n >> spec;
    const auto skip = read_spec<skip::Standard>(spec, Where("SPEC"));
    if (n == 0 || n > 2000 || (command != "decode" && command != "prefill")) {
      throw Error(concat("found \"", line, "\", expected decode N SPEC and prefill N SPEC, N from 1 to 2000"));
    }
    const double seconds = command == "decode" ? runner.decode(n, skip) : runner.prefill(n, skip);
    std::cout << R"({"seconds": )" << seconds << R"(, "decode_bytes": )" << runner.decode_bytes(skip) << "}"
              << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw Error("expected two arguments: MODEL THREADS");
    Runner runner(argv[1], std::stoi(argv[2]));
    serve(runner);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "speed_ours: " << e.what() << '\n';
    return 1;
  }
}
