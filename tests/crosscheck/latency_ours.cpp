// Measures a latency model and compares what it predicts with the wall clock, for latency.py, which builds and runs it.
//
//   latency_ours MODEL THREADS SECONDS CONFIGURATIONS ROUNDS SEED
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "common/tiny_model.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/calibrate/latency/latency_probe.hpp"
#include "litestage/engine/run/batch_runner.hpp"
#include "litestage/engine/session.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/skip/static.hpp"

using namespace litestage;
using namespace litestage::calibrate;

namespace {

constexpr std::size_t step_rows = 512, most_branches = 5, capacity = 1024;

// Every branch ends after a number of tokens of its own; branches begin in order.
struct EndAfter {
  static constexpr Signal signals = Signal::none;
  const std::vector<BranchShape>* branches;
  std::size_t* next;

  struct State {
    int left = 0;
  };
  [[nodiscard]] State begin(const RequestInfo&) const { return {(*branches)[(*next)++].generated_tokens}; }
  [[nodiscard]] Verdict observe(State& state, const StepInfo&, const TokenStats&) const {
    return --state.left == 0 ? Verdict::stop_drop : Verdict::go_on;
  }
};

// Prompts are made of random tokens, so no text is needed.
struct NoText {
  [[nodiscard]] std::vector<int> encode(const Prompt&) const { return {}; }
  [[nodiscard]] std::string piece(int) const { return "x"; }
  [[nodiscard]] bool is_end(int) const { return false; }
  [[nodiscard]] std::size_t size() const { return 0; }
};

// One stage, as no measurement of the probe was.
struct Configuration {
  skip::Static skip;
  StageShape shape;
  std::vector<std::vector<int>> prompts;  // [branches]
  std::vector<double> seconds;            // [rounds] of the wall clock
};

class Maker {
 public:
  Maker(const ModelConfig& config, std::uint64_t seed) : config_(config), random_(seed) {}

  [[nodiscard]] Configuration configuration() {
    Configuration c;
    const int n = random_.below(2) == 0 ? 1 : between(2, static_cast<int>(most_branches));
    const int shared = n == 1 || random_.below(5) == 0 ? 0 : between(1, 160);
    for (int b = 0; b < n; ++b) {
      c.shape.branches.push_back({shared + (n == 1 ? between(8, 400) : between(1, 150)), between(1, 48)});
    }
    c.shape.shared = shared;
    const int reusable = n == 1 ? c.shape.branches[0].prompt_tokens - 1 : shared;
    if (random_.below(4) == 0) c.shape.reused = between(0, reusable);
    make_prompts(c);
    make_mask(c.skip);
    return c;
  }

 private:
  int between(int low, int high) {
    return low + static_cast<int>(random_.below(static_cast<std::size_t>(high - low + 1)));
  }
  int token() { return between(0, config_.vocab - 1); }

  // What is not shared begins with another token in each branch.
  void make_prompts(Configuration& c) {
    std::vector<int> prefix;
    for (int i = 0; i < c.shape.shared; ++i) prefix.push_back(token());
    for (const BranchShape& b : c.shape.branches) {
      std::vector<int> prompt = prefix;
      prompt.push_back(static_cast<int>(c.prompts.size()));
      while (static_cast<int>(prompt.size()) < b.prompt_tokens) prompt.push_back(token());
      c.prompts.push_back(std::move(prompt));
    }
  }
  void make_mask(skip::Static& skip) {
    const double share = 0.6 * static_cast<double>(random_.uniform());
    SublayerSet& set = skip.stages["all"];
    for (int u = 0; u < config_.n_sublayers(); ++u) {
      if (static_cast<double>(random_.uniform()) < share) set.insert(Sublayer::at(u));
    }
    constexpr Phases phases[] = {Phases::both, Phases::both, Phases::both, Phases::prefill, Phases::decode};
    skip.phase = phases[random_.below(5)];
    if (random_.below(5) == 0) skip.kv = KvOnSkip::project;
  }

  const ModelConfig& config_;
  test::Random random_;
};

class Clocked {
 public:
  Clocked(CpuBackend& backend, const Model<CpuBackend>& model)
      : session_(backend, model, SessionOptions{most_branches, capacity, KvType::f16}), tokenizer_(text_) {}

  [[nodiscard]] Decisions decisions(const Configuration& c, Phase phase) {
    const auto state = c.skip.begin(RequestInfo{session_.config().n_layers, 0, "stage", 1});
    return decide_all(c.skip, state, StepInfo{phase, 0}, session_.config().n_layers);
  }

  // Seconds of one stage at batch 1, from its prompts' tokens to its last token.
  [[nodiscard]] double seconds(const Configuration& c) {
    hold_reused(c);
    std::size_t next = 0;
    const EndAfter exit{&c.shape.branches, &next};
    StageRequest request;
    request.stage = {"stage", static_cast<int>(capacity), {}};
    request.prompts = c.prompts;
    for (std::size_t b = 0; b < c.prompts.size(); ++b) request.slots.push_back(static_cast<int>(b));
    const auto started = Clock::now();
    Run run({&session_, &observer_, &tokenizer_, &options_}, calls_to(c.skip, exit), std::move(request));
    Run* const runs[] = {&run};
    while (!run.done()) runner_.step(runs);
    const double seconds = seconds_between(started, Clock::now());
    const std::vector<BranchReport> branches = run.take_report().branches;
    for (std::size_t b = 0; b < branches.size(); ++b) {
      if (static_cast<int>(branches[b].tokens.size()) + 1 != c.shape.branches[b].generated_tokens)
        throw Error(concat("branch ", b, " chose ", branches[b].tokens.size() + 1, " tokens, expected ",
                           c.shape.branches[b].generated_tokens));
    }
    return seconds;
  }

 private:
  using Run = StageRun<CpuBackend>;

  // Leaves nothing in the cache but the tokens that the stage is to find there.
  void hold_reused(const Configuration& c) {
    for (int slot = 0; slot < static_cast<int>(most_branches); ++slot) session_.cache().truncate(slot, 0);
    const int number = session_.decisions().number_of(decisions(c, Phase::prefill));
    std::vector<StepRow> rows;
    for (int i = 0; i < c.shape.reused; ++i)
      rows.push_back({c.prompts[0][static_cast<std::size_t>(i)], 0, number, false});
    if (!rows.empty()) session_.step(rows);
  }

  Session<CpuBackend> session_;
  NoText text_;
  AnyTokenizer tokenizer_;
  ObserverCalls observer_;
  StageRunOptions options_;
  BatchRunner<CpuBackend> runner_{session_, step_rows};
};

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(std::lround(q * static_cast<double>(values.size() - 1)))];
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

// True if the model is as good as it must be.
bool judge(const std::vector<Configuration>& all, const std::vector<double>& predicted) {
  std::vector<double> errors, noise, bias;
  std::printf("  %-4s %-8s %-7s %-6s %-6s %-10s %-9s %9s %9s %7s\n", "", "branches", "prompt", "shared", "reused",
              "generated", "skipped", "seconds", "predicted", "error");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Configuration& c = all[i];
    const double middle = median(c.seconds), error = predicted[i] / middle - 1;
    errors.push_back(std::fabs(error));
    bias.push_back(error);
    for (const double s : c.seconds) noise.push_back(std::fabs(s / middle - 1));
    int prompt = 0, generated = 0;
    for (const BranchShape& b : c.shape.branches) {
      prompt += b.prompt_tokens;
      generated += b.generated_tokens;
    }
    const std::string skipped = concat(c.skip.stages.at("all").indices().size(), ' ', name(c.skip.phase));
    std::printf("  %-4zu %-8zu %-7d %-6d %-6d %-10d %-9s %9.4f %9.4f %+6.1f%%\n", i, c.shape.branches.size(), prompt,
                c.shape.shared, c.shape.reused, generated, skipped.c_str(), middle, predicted[i], 100 * error);
  }
  const double half = quantile(errors, 0.5), most = quantile(errors, 0.9), repeat = quantile(noise, 0.5);
  const double bound = std::max(0.05, 1.5 * repeat);
  const bool good = half <= bound && most <= 2 * bound;
  std::printf(
      "  error: median %.1f %%, 90th percentile %.1f %% (signed median %+.1f %%); repeats of one configuration "
      "differ from its median by %.1f %% (median)\n  %s: expected a median of %.1f %% and a 90th percentile of "
      "%.1f %%\n",
      100 * half, 100 * most, 100 * quantile(bias, 0.5), 100 * repeat, good ? "holds" : "FAILS", 100 * bound,
      200 * bound);
  return good;
}

bool compare(const std::string& path, int threads, double probe_seconds, std::size_t configurations, std::size_t rounds,
             std::uint64_t seed) {
  CpuBackend backend(CpuOptions{threads});
  const ModelSource source = io::read_model_source(path);
  const Model<CpuBackend> model = load(backend, source);
  const auto started = Clock::now();
  ProbeOptions options;
  options.seconds = probe_seconds;
  const LatencyModel latency =
      measure_latency(LanguageModel(backend, model, io::TextCodec(io::read_vocabulary(io::Gguf(path)), path)), options);
  std::printf("  measured in %.1f s, up to %d rows; %zu configurations, %zu rounds\n",
              seconds_between(started, Clock::now()), latency.base.rows.back(), configurations, rounds);
  Maker maker(source.config, seed);
  std::vector<Configuration> all;
  for (std::size_t i = 0; i < configurations; ++i) all.push_back(maker.configuration());
  Clocked clocked(backend, model);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Configuration& c : all) c.seconds.push_back(clocked.seconds(c));
  }
  std::vector<double> predicted;
  for (const Configuration& c : all) {
    const Decisions prefill = clocked.decisions(c, Phase::prefill), decode = clocked.decisions(c, Phase::decode);
    predicted.push_back(latency.stage_seconds(c.shape, prefill, decode));
  }
  return judge(all, predicted);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 7) throw Error("expected six arguments: MODEL THREADS SECONDS CONFIGURATIONS ROUNDS SEED");
    return compare(argv[1], std::stoi(argv[2]), std::stod(argv[3]), std::stoul(argv[4]), std::stoul(argv[5]),
                   std::stoull(argv[6]))
               ? 0
               : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "latency_ours: %s\n", e.what());
    return 2;
  }
}
