// Your own policies, in one file: a skip policy that learns from the prompt which sub-layers may be skipped while
// decoding, a confidence criterion for LiteStage's early exit, and a strategy for the budget search. All run on a few
// questions, next to the full model. docs/adding-a-policy.md explains each part.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/calibrate/calibration.hpp"
#include "litestage/early_exit/low_confidence.hpp"
#include "litestage/evaluate/table.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/io/open_model.hpp"
#include "litestage/pipeline/pipeline.hpp"
#include "litestage/stages/tiny_thinker.hpp"
#include "litestage/tasks/read_answer.hpp"
#include "litestage/tasks/subset.hpp"
#include "litestage/tasks/tasks.hpp"

using namespace litestage;

// Skips, while decoding, the MLPs that hardly changed the direction of the residual stream in this prompt. The first
// layers are never skipped, because all later layers depend on them.
struct SkipQuietMlps {
  static constexpr Stat stats = Stat::cosine;  // the engine computes only the statistics named here

  float least_cosine = 0.95f;
  int spared_layers = 2;

  struct State {                      // one request, that is one stage of one question
    std::vector<std::uint8_t> quiet;  // [n_layers]
  };
  [[nodiscard]] State begin(const RequestInfo& request) const {
    return {std::vector<std::uint8_t>(static_cast<std::size_t>(request.n_layers), 0)};
  }
  [[nodiscard]] SkipDecision decide(const State& state, const StepInfo& step, Sublayer u) const {
    const bool skip =
        step.phase == Phase::decode && u.unit == Unit::mlp && state.quiet[static_cast<std::size_t>(u.layer)] != 0;
    return {skip};
  }
  void observe(State& state, const StepInfo& step, Sublayer u, const SublayerStats& s) const {
    if (step.phase != Phase::prefill || u.unit != Unit::mlp || u.layer < spared_layers) return;
    state.quiet[static_cast<std::size_t>(u.layer)] = s.cosine >= least_cosine ? 1 : 0;
  }
};
static_assert(CheckSkipPolicy<SkipQuietMlps>::passed);  // the error names a missing function

// The difference of the log-probabilities of the chosen token and the second most probable token.
struct LogMargin {
  static constexpr Signal signals = Signal::top_log_probs;
  [[nodiscard]] float operator()(const TokenStats& token) const {
    return token.top_log_probs[0] - token.top_log_probs[1];
  }
  friend bool operator==(const LogMargin&, const LogMargin&) = default;
};
static_assert(CheckConfidence<LogMargin>::passed);

// Finds on each axis (stage), slowest first, the largest value within the target by bisection. It assumes that accuracy
// and time fall as the value grows, which neither has to do. It evaluates five candidates per stage instead of sixty.
struct Bisection {
  [[nodiscard]] calibrate::SearchResult search(const calibrate::SearchSpace& space,
                                               const calibrate::Evaluator& evaluate) const {
    const std::size_t expected = (1 + 6 * space.order.size()) * space.questions;  // approximate
    calibrate::TrialBook book(space, evaluate, expected);
    calibrate::Candidate found(space.axes.size(), 0);
    std::optional<calibrate::Point> best;
    std::vector<calibrate::Point> points;
    for (const std::size_t axis : space.order) {
      std::size_t good = 0, bad = space.values.size();
      while (bad - good > 1) {
        const std::size_t middle = (good + bad) / 2;
        calibrate::Candidate tried = found;
        tried[axis] = space.values[middle];
        std::vector<calibrate::Trial> trials;
        for (std::size_t q = 0; q < space.questions; ++q) trials.push_back({tried, q});
        book.ask(trials, {axis, 0, expected, found});
        points.push_back(book.point(axis, tried));
        (points.back().within_target ? good : bad) = middle;
        if (points.back().within_target) best = points.back(), found = tried;
      }
    }
    return book.result(best, std::move(points));
  }
};
static_assert(calibrate::CheckSearchStrategy<Bisection>::passed);

namespace {

// Answers the questions with these policies, and returns a row of the table.
template <class Skip, class Exit>
evaluate::Row run(const std::string& method, const LanguageModel<CpuBackend>& model,
                  const std::vector<Question>& questions, Skip skip, Exit exit) {
  PipelineOptions options;
  options.score_letters = true;
  Pipeline pipeline(model, skip, exit, stages::TinyThinker{}, options);
  evaluate::Results results;
  results.info.method = method;
  pipeline.run(questions, [&](std::size_t i, const QuestionReport& report) {
    std::cerr << method << ": " << i + 1 << " of " << questions.size() << " questions" << std::endl;
    results.answers.push_back(evaluate::recorded_answer(questions[i], tasks::scored_answer(report), report));
    return true;
  });
  return evaluate::make_row(results);
}

// Searches budgets of at most half of the sub-layers that change the answers of at most a quarter of the questions.
skip::Standard searched(const LanguageModel<CpuBackend>& model, const std::vector<Question>& questions) {
  calibrate::CalibrationSettings settings;
  settings.metric = calibrate::Metric::agreement;
  settings.max_loss = 0.25;
  settings.most = model.config().n_layers;
  settings.probe_seconds = 3;
  Progress progress;
  progress.update = [last = std::string()](std::size_t done, std::size_t total, const std::string& best) mutable {
    if (best == last) return;
    std::cerr << "own search: " << done << " of about " << total << " trials, " << (last = best) << std::endl;
  };
  Journal journal;  // without a file: a kill loses its records
  calibrate::Calibration<CpuBackend> run(model, stages::TinyThinker{}, questions, settings, journal, progress);
  const calibrate::LatencyModel latency = run.latency();
  const calibrate::Importance importance = run.importance();
  const calibrate::FullDepth full = run.full_depth(latency);
  return run.lite_stage(importance, run.budgets(Bisection{}, latency, importance, full).best.candidate);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) throw Error("usage: custom_policy MODEL.gguf QUESTIONS.jsonl (examples/data/questions_test.jsonl)");
  const auto questions =
      tasks::first_questions(tasks::parse_questions(tasks::find_task("choice"), io::read_records(argv[2])), 8);
  const LanguageModel<CpuBackend> model = io::open_model(argv[1]);
  const SkipQuietMlps skip{.least_cosine = 0.95f};
  const early_exit::LowConfidence<LogMargin> exit{.criterion = {}, .window = 4, .threshold = 0.5f};
  const skip::Standard budgets = searched(model, questions);
  const std::vector<evaluate::Row> rows = {
      run("full depth", model, questions, skip::Never{}, early_exit::Never{}),
      run("own skip", model, questions, skip, early_exit::Never{}),
      run("own skip and exit", model, questions, skip, exit),
      run("own search (on these questions)", model, questions, budgets, early_exit::Never{})};
  evaluate::print_table(std::cout, rows);
  std::cout << "\nNext: change a struct at the top of examples/custom_policy.cpp and build again. How to choose it by\n"
               "name: docs/adding-a-policy.md.\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << "custom_policy: " << error.what() << "\n";
  return 1;
}
