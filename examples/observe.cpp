// Watches single steps: your own observer prints, for every step of one question, how many sub-layers ran, how much
// they changed the residual stream, and the token that was chosen.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "cli/load.hpp"
#include "cli/options/defaults.hpp"
#include "cli/options/policies.hpp"
#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/terminal/run_main.hpp"
#include "cli/terminal/thread_words.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/core/outside_text.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/model_file.hpp"
#include "litestage/pipeline/pipeline.hpp"
#include "litestage/tasks/subset.hpp"
#include "litestage/tasks/tasks.hpp"

using namespace litestage;

namespace {

// A StepObserver names the statistics that it needs, and is called with them. For each forwarded piece of text it gets
// the sub-layers from the bottom up, then the token chosen after it, if it is kept.
struct PrintSteps {
  static constexpr Stat stats = Stat::cosine;

  const io::TextCodec* codec = nullptr;
  int ran = 0;
  Sublayer last = {}, quietest = {};  // quietest: changed the direction of the stream least
  float highest = -2;                 // cosine of `quietest`
  double sum = 0;
  std::string where = {};

  void sublayer(int branch, const RequestInfo& request, const StepInfo& step, Sublayer u, const SublayerStats& s) {
    // Either this piece was the shared prefix of the options, or the branch ended.
    if (ran > 0 && u.index() <= last.index()) end_line("no token kept");
    where = concat(shown(request.stage_name), " branch ", branch, step.phase == Phase::prefill ? " prefill" : " step ");
    if (step.phase == Phase::decode) where += concat(step.step);
    last = u;
    ++ran;
    sum += static_cast<double>(s.cosine);
    if (s.cosine > highest) {
      highest = s.cosine;
      quietest = u;
    }
  }
  void token(int, const RequestInfo&, const StepInfo&, int token) {
    end_line(concat("token ", token, " ", io::to_json(Form(codec->piece(token)))));
  }
  void end_line(const std::string& outcome) {
    if (ran == 0) return;
    std::cout << where << ": " << ran << " sub-layers ran, mean cosine " << cli::fixed(sum / ran, 4) << ", highest "
              << cli::fixed(static_cast<double>(highest), 4) << " at " << sublayer_name(quietest) << "; " << outcome
              << '\n';
    ran = 0, sum = 0, highest = -2;
  }
};
static_assert(StepObserver<PrintSteps>);

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Prints what every step of one question did.", "observe");
  std::string model_file, data, stages = "tinythinker:recall_tokens=8,analyze_tokens=4,summarize_tokens=8",
                                skip = "static:all=m12-m14", exit = "never";
  app.add_option("--model", model_file, "A GGUF file (default: smollm2-135m of examples/get_model.sh)")
      ->type_name("FILE");
  app.add_option("--data", data, "Questions of the task choice; the first is asked")->type_name("FILE");
  app.add_option("--stages", stages, "Which prompts make up a stage")->capture_default_str()->type_name("SPEC");
  app.add_option("--skip", skip, "Which sub-layers are skipped")->capture_default_str()->type_name("SPEC");
  app.add_option("--exit", exit, "When a stage ends early")->capture_default_str()->type_name("SPEC");
  app.footer(cli::policy_help());
  return cli::run_main(app, argc, argv, [&] {
    const cli::Policies policies = cli::read_policies(stages, skip, exit);
    const std::string path = cli::model_path(model_file);
    const auto questions = tasks::parse_questions(tasks::find_task("choice"), io::read_records(cli::data_path(data)));
    const io::ModelFile file(path);
    const auto backend = std::make_shared<CpuBackend>();
    cli::tell_of_refused_threads(*backend);
    const LanguageModel<CpuBackend> model = cli::load_model(file, backend, true);
    PipelineOptions options;
    options.keep_going = [] { return !cli::interrupted(); };
    Pipeline pipeline(model, policies.skip, policies.exit, policies.stages, options,
                      PrintSteps{file.tokenizer().get()});
    pipeline.run(tasks::first_questions(questions, 1), [](std::size_t, const QuestionReport&) { return true; });
    if (cli::interrupted()) throw cli::Interrupted{};
    pipeline.observer().end_line("no token kept");
    return 0;
  });
}
