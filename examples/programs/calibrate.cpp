// From a model and questions to a plan: how redundant each sub-layer is, how long everything takes on this machine, how
// many sub-layers each stage can do without, and when a stage is better ended early. What is finished goes into a
// journal; killed at any moment, the same command goes on from there.
#include <CLI/CLI.hpp>
#include <cstddef>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/calibrate_options.hpp"
#include "cli/calibration_report.hpp"
#include "cli/defaults.hpp"
#include "cli/job.hpp"
#include "cli/journal_note.hpp"
#include "cli/load.hpp"
#include "cli/plan_file.hpp"
#include "cli/run_main.hpp"
#include "cli/search_view.hpp"
#include "cli/thread_words.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/calibrate/calibration.hpp"
#include "litestage/calibrate/latency/latency_probe.hpp"
#include "litestage/io/files/journal_file.hpp"
#include "litestage/policy/check_stages.hpp"

using namespace litestage;
using namespace litestage::calibrate;
using cli::CalibrateOptions;
using cli::Job;

namespace {

// What the records of a journal depend on. Where anything here differs, another journal is needed. --context is not
// among it: each record says for which contexts it holds.
Form identity(const Job& job, const CalibrateOptions& o, const PlanFacts& facts) {
  Form f;
  f.add("work", "calibrate/2")
      .add("model", facts.model)
      .add("tokenizer", facts.tokenizer)
      .add("task", job.options.task);
  f.add("questions", cli::questions_fingerprint(job.questions)).add("stages", job.policies.stages.to_form(true));
  f.add("backend", facts.kernels.backend).add("instruction_set", facts.kernels.instruction_set);
  f.add("threads", facts.kernels.threads).add("kv", job.options.kv);
  f.add("criterion", cli::read_criterion(o.criterion).to_form(true));
  if (job.options.no_pack) f.add("pack", false);
  return f;
}

// The model at work, for the model of its time.
template <Backend B>
LatencyModel probe(B& backend, const Model<B>& model, const Job& job, const CalibrateOptions& o, const PlanFacts& facts,
                   cli::SearchView& view) {
  view.begin("measuring this machine", "%");
  ProbeOptions p;
  p.seconds = o.probe_seconds;
  p.kv = facts.kernels.kv;
  p.model = facts.model;
  p.signals = signals_read(cli::read_criterion(o.criterion));
  const Prompt prompt = job.policies.stages.prompts(0, {job.questions[0], {}}).at(0);
  p.encode = [&job, prompt] { return job.codec.encode(prompt).size(); };
  p.on_progress = [&view](double share) {
    if (cli::interrupted()) throw Stopped{};
    view.share(share);
  };
  return measure_latency(backend, model, job.source.tensors, std::move(p));
}

EvaluationOptions evaluation_options(const Job& job, KvType kv, cli::SearchView& view) {
  EvaluationOptions options;
  options.batch = job.options.batch;
  options.context = job.options.context;
  options.kv = kv;
  options.keep_going = [] { return !cli::interrupted(); };
  options.on_walk = [&view](std::size_t ended, std::size_t of) { view.walks(ended, of); };
  return options;
}

// What the searches of a plan found.
struct Findings {
  SearchResult budgets;
  ExitChoice exits;
  std::vector<BaselineChoice> largest;
};

template <class Run>
Findings search(Run& run, const Job& job, const CalibrateOptions& o, const CalibrationSettings& settings,
                const Importance& importance, const calibrate::Standard& strategy, cli::SearchView& view) {
  const auto progress = [&view](const std::vector<std::string>& names) {
    return [&view, names](const SearchProgress& p) { view.search(p, names); };
  };
  view.begin("full depth", "questions");
  const auto full = run.full_depth();
  view.clear();
  cli::report_full_depth(std::cout, job, run.score({}, std::nullopt), settings.metric);
  Findings f;
  view.begin("budgets", "trials");
  f.budgets = run.search(strategy, full, progress(stage_names(job.policies.stages)));
  if (f.budgets.reached && !settings.exits.windows.empty()) {
    view.begin("early exit", "trials");
    f.exits = run.exits(f.budgets, progress({}));
  }
  for (const Baseline& baseline : o.no_baselines ? std::vector<Baseline>() : baselines(importance)) {
    view.begin(baseline.name, "trials");
    f.largest.push_back(run.largest(strategy, baseline, progress({})));
  }
  view.clear();
  return f;
}

template <Backend B>
int calibrate_with(B& backend, const Job& job, const CalibrateOptions& o) {
  const PlanFacts facts = cli::plan_facts(job, cli::facts_of(backend));
  const auto file = cli::open_journal(o.journal, identity(job, o, facts), facts, job.options.quiet);
  Journal journal;
  if (file != nullptr)
    journal = {file->records(), [&file](const Form& record) { file->append(record); }, cli::context_of_journal(*file)};

  const Model<B> model = cli::load_with_progress(backend, job.source, job.options.quiet);
  cli::SearchView view(job.options.quiet);
  const CalibrationSettings settings = cli::calibration_settings(o);
  const calibrate::Standard strategy = cli::read_strategy(o.strategy);
  Calibration<B, stages::Standard> run(backend, model, job.codec, job.policies.stages, job.questions, settings,
                                       evaluation_options(job, facts.kernels.kv, view), journal);
  cli::tell_of_left_out(file.get(), run.work().left_out, job.options.quiet);
  if (!o.importance_only) static_cast<void>(run.latency([&] { return probe(backend, model, job, o, facts, view); }));
  view.begin("importance of sub-layers", "questions");
  const Importance& importance = run.importance();
  view.clear();
  if (o.importance_only) return cli::report_importance(importance, settings.rank_by, job);

  const Findings f = search(run, job, o, settings, importance, strategy, view);
  const Plan plan = cli::make_plan(job, facts, cli::plan_data(job), settings, strategy, importance, f.budgets, f.exits,
                                   f.largest, run.score({}, std::nullopt), run.score(f.budgets.budgets, f.exits.exit));
  cli::report_plan(std::cout, plan, run.work());
  cli::report_without_room(std::cout, job, run.without_room());
  std::cout << std::flush;
  cli::write_plan(o.plan, plan);
  if (o.check_latency > 0) cli::check_latency(std::cout, backend, model, job, plan, run, o.check_latency);
  cli::next_steps(std::cout, o);
  return 0;
}

// --importance-only needs no answer key, and keeps no journal that nobody asked for.
void settle(CalibrateOptions& o) {
  if (o.common.backend != "cpu")
    throw Error(
        concat("--backend is ", o.common.backend, ", accepted is cpu: nobody waits for the seconds of another"));
  static_cast<void>(cli::read_strategy(o.strategy));  // what is misspelt is found before anything is loaded
  static_cast<void>(cli::read_criterion(o.criterion));
  if (o.importance_only) o.metric = "agreement";
  o.common.metric = o.metric == "extracted" ? "extracted" : "letter";  // whether letters are scored
  if (!o.importance_only && o.journal.empty()) o.journal = o.plan + ".journal";
  o.common.data = cli::data_path(o.common.data, "questions_calibration.jsonl");
  cli::Files files = cli::files_of(o.common);
  files.reads_spec("--criterion", o.criterion).reads_spec("--strategy", o.strategy);
  files.writes("--plan", o.importance_only ? "" : o.plan).goes_on_with("--journal", o.journal).check();
}

int run(CalibrateOptions o, bool questions_given) {
  settle(o);
  const Job job = cli::prepare(o.common);
  if (questions_given) cli::require_questions(job);
  const int there = job.source.config.n_sublayers();
  if (o.most && *o.most > there)
    throw Error(concat("--most is ", *o.most, ", accepted are 0 to ", there, " (the model's sub-layers)"));
  try {
    CpuBackend backend({o.common.threads, !o.common.no_pack});
    cli::tell_of_refused_threads(backend);
    return calibrate_with(backend, job, o);
  } catch (const Stopped&) {
    std::cerr << "\ncalibrate: stopped; "
              << (o.journal.empty() ? "with --journal FILE it could go on from where it was"
                                    : "the same command goes on from " + o.journal)
              << std::endl;
    return cli::interrupted_exit_code();
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Finds out which sub-layers of a model each stage can do without, and writes it down as a plan.",
               "calibrate");
  CalibrateOptions o;
  o.common.questions = 32;
  o.common.batch = 16;
  cli::add_calibrate_questions(app, o);
  cli::add_search_options(app, o);
  cli::add_model_options(app, o.common);
  cli::add_plan_options(app, o);
  app.footer(cli::calibrate_help());
  return cli::run_main(app, argc, argv, [&] { return run(o, app.count("--questions") > 0); });
}
