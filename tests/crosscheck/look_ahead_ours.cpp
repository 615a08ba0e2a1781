// Measures what looking ahead costs, for look_ahead.py, which builds and runs it: the same questions with and without
// an exit policy that looks ahead and never stops, in turns, and what the latency model predicts.
//
//   look_ahead_ours MODEL TASK DATA QUESTIONS REASON_TOKENS THREADS PROBE_SECONDS SPEC...
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/calibrate/latency/latency_probe.hpp"
#include "litestage/calibrate/trials/predicted_seconds.hpp"
#include "litestage/calibrate/trials/stage_decisions.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/engine/stage_request.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/io/open_model.hpp"
#include "litestage/pipeline/pipeline.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/skip/never.hpp"
#include "litestage/stages/cot.hpp"
#include "litestage/tasks/subset.hpp"
#include "litestage/tasks/tasks.hpp"

using namespace litestage;
using namespace litestage::calibrate;

namespace {

using Runner = Pipeline<CpuBackend, skip::Never, early_exit::Standard, stages::Cot>;

// The seconds of all stages of a question that the latency model predicts, from its report.
double predicted(const LatencyModel& latency, const stages::Cot& stages, const LanguageModel<CpuBackend>& model,
                 const Question& question, const QuestionReport& report, bool signals) {
  std::deque<StageResult> results;
  std::deque<PromptShape> prompts;
  Path path;
  Transcript transcript{question, {}};
  for (std::size_t s = 0; s < report.stages.size(); ++s) {
    results.emplace_back().report = report.stages[s];
    prompts.emplace_back(stage_request(stages, s, transcript, model.tokenizer()));
    path.push_back({&results.back(), &prompts.back()});
    transcript.outputs.emplace_back();
    for (const BranchReport& b : report.stages[s].branches) transcript.outputs.back().push_back(b.text);
  }
  const auto decisions = stage_decisions(skip::Never{}, stages, model.config().n_layers);
  return predicted_seconds(latency, path, decisions, signals);
}

struct Sum {
  double plain = 0, ahead = 0, plain_predicted = 0, ahead_predicted = 0, inside = 0;
  int looks = 0, tokens = 0, read = 0;
};

void compare(const LanguageModel<CpuBackend>& model, const LatencyModel& latency, const stages::Cot& stages,
             const std::vector<Question>& questions, const std::string& spec) {
  const auto exit = read_spec<early_exit::Standard>(spec, "exit");
  PipelineOptions options;
  options.forget_questions = true;
  Runner plain(model, {}, {}, stages, options), ahead(model, {}, exit, stages, options);
  for (Runner* runner : {&plain, &ahead}) static_cast<void>(runner->run(questions[0]));  // allocates their memory
  Sum sum;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    QuestionReport without, with;
    for (int turn = 0; turn < 2; ++turn) {
      const bool first = (q + static_cast<std::size_t>(turn)) % 2 == 0;
      (first ? without : with) = (first ? plain : ahead).run(questions[q]);
    }
    for (std::size_t s = 0; s < with.stages.size(); ++s) {
      if (with.stages[s].branches[0].text != without.stages[s].branches[0].text)
        throw Error(concat("question ", questions[q].id, ": looking ahead changed the text"));
      sum.inside += with.stages[s].look_ahead_s;
      sum.looks += static_cast<int>(with.stages[s].branches[0].look_aheads.size());
      sum.tokens += with.stages[s].generated_tokens;
      sum.read += with.stages[s].look_ahead_tokens;
    }
    sum.plain += without.seconds;
    sum.ahead += with.seconds;
    sum.plain_predicted += predicted(latency, stages, model, questions[q], without, false);
    sum.ahead_predicted += predicted(latency, stages, model, questions[q], with, any(signals_read(exit)));
  }
  const double cost = sum.ahead / sum.plain - 1, expected = sum.ahead_predicted / sum.plain_predicted - 1;
  std::printf(
      "%s\n  %d look-aheads, %d tokens read beside %d written; seconds %.2f without, %.2f with: %+.1f %% (of "
      "which look-aheads report %.2f s)\n  predicted %.2f and %.2f: %+.1f %%; predicted / measured %.3f\n",
      spec.c_str(), sum.looks, sum.read, sum.tokens, sum.plain, sum.ahead, 100 * cost, sum.inside, sum.plain_predicted,
      sum.ahead_predicted, 100 * expected, sum.ahead_predicted / sum.ahead);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 9) {
    std::fprintf(stderr, "look_ahead_ours: found %d arguments, expected 8 or more\n", argc - 1);
    return 2;
  }
  try {
    const auto number = [&](int i) { return std::atof(argv[i]); };
    const auto backend = std::make_shared<CpuBackend>(CpuOptions{.threads = static_cast<int>(number(6))});
    const LanguageModel<CpuBackend> model = io::load_model(io::ModelFile(argv[1]), backend);
    const std::vector<Question> all = tasks::parse_questions(tasks::find_task(argv[2]), io::read_records(argv[3]));
    const std::vector<Question> questions = tasks::first_questions(all, static_cast<std::size_t>(number(4)));
    stages::Cot stages;
    stages.reason_tokens = static_cast<int>(number(5));
    ProbeOptions probe;
    probe.seconds = number(7);
    probe.signals = Signal::max_prob | Signal::entropy;
    const LatencyModel latency = measure_latency(model, probe);
    for (int i = 8; i < argc; ++i) compare(model, latency, stages, questions, argv[i]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "look_ahead_ours: %s\n", e.what());
    return 1;
  }
  return 0;
}
