#include "cli/reports/calibration_report.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <utility>
#include <vector>

#include "cli/files/save.hpp"
#include "cli/options/defaults.hpp"
#include "cli/reports/run_report.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/evaluate/controls.hpp"
#include "litestage/evaluate/text_table.hpp"
#include "litestage/evaluate/without_room.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/settings/spec.hpp"

namespace litestage::cli {

using namespace calibrate;
using evaluate::Align;
using evaluate::TextTable;

namespace {

template <class E>
E named(const std::string& name) {  // CLI11 has checked that the name exists
  return enumerator_named<E>(name).value();
}

std::string signed_fixed(double value, int digits) {
  return concat(value < 0 ? "" : "+", fixed(value, digits));
}

std::string exit_text(const Form& exit) {
  const auto policy = read_value<early_exit::Standard>(exit, Where("plan").at("exit"));
  const Form *window = exit.find("window"), *threshold = exit.find("threshold");
  if (policy.active_name() != "low_confidence" || window == nullptr || threshold == nullptr) return to_spec(policy);
  return concat("window ", window->integer(""), ", threshold ", fixed(threshold->number(""), 4));
}

// The values of the search's metric: per cent of right answers, or mean scores in nats.
bool by_score(const PlanSearch& search) {
  return search.target_score.has_value();
}
std::string metric_heading(const PlanSearch& search) {
  return concat(name(search.metric), by_score(search) ? " nats" : " %");
}
template <class Judged>
std::string metric_value(const PlanSearch& search, const Judged& judged) {
  return by_score(search) ? fixed(judged.score, 3) : fixed(100 * judged.accuracy, 1);
}

// Prints only exits that were tried on all questions: an exit that was dropped early has means over fewer questions,
// which cannot be compared.
void print_exit_curve(std::ostream& out, const Plan& plan) {
  if (plan.exit_curve.empty()) return;
  TextTable table({{"early exit", Align::left},
                   {metric_heading(plan.search)},
                   {"s/question"},
                   {"tokens/question"},
                   {"", Align::left}});
  std::size_t dropped = 0;
  for (const PlanExit& e : plan.exit_curve) {
    const bool whole = e.questions == static_cast<std::int64_t>(plan.data.ids.size());
    dropped += whole ? 0 : 1;
    if (!whole) continue;
    table.add({exit_text(e.exit), metric_value(plan.search, e), fixed(e.seconds, 3), fixed(e.tokens, 1),
               e.exit == plan.exit ? "chosen"
               : e.within_target   ? "within the target"
                                   : ""});
  }
  table.print(out);
  out << dropped << " other exits were dropped before they were tried on all questions.\n\n";
}

}  // namespace

confidence::Standard read_criterion(const std::string& spec) {
  return read_spec<confidence::Standard>(spec, "--criterion", io::read_json_file);
}

early_exit::Standard read_exit(const std::string& spec) {
  const auto exit = read_spec<early_exit::Standard>(spec, "--exit", io::read_json_file);
  check_tunable(exit);
  return exit;
}

calibrate::Standard read_strategy(const std::string& spec) {
  return read_spec<calibrate::Standard>(spec, "--strategy", io::read_json_file);
}

CalibrationSettings calibration_settings(const CalibrateOptions& o, std::size_t context) {
  CalibrationSettings s;
  s.metric = named<Metric>(o.metric);
  s.max_loss = o.max_loss.value_or(s.max_loss);
  s.max_score_loss = o.max_loss.value_or(s.max_score_loss);
  s.least_accuracy = o.least_accuracy;
  s.step = o.step;
  s.most = o.most;
  s.rank_by = named<CosineOf>(o.rank_by);
  s.phase = named<Phases>(o.phase);
  s.kv = named<KvOnSkip>(o.kv_on_skip);
  s.exit = read_exit(o.exit);
  s.criterion = read_criterion(o.criterion);
  s.exits = {o.windows, o.thresholds};
  if (std::count(o.windows.begin(), o.windows.end(), 0) != 0) s.exits.windows.clear();
  s.baselines = !o.no_baselines;
  s.probe_seconds = o.probe_seconds;
  s.batch = o.common.batch;
  s.context = context;
  s.cache = named<KvType>(o.common.kv);
  return s;
}

void settle(CalibrateOptions& o) {
  if (o.common.backend != "cpu")
    throw Error(concat("--backend is ", o.common.backend, ", expected cpu: latency is only modelled for it"));
  static_cast<void>(read_strategy(o.strategy));
  static_cast<void>(read_exit(o.exit));
  static_cast<void>(read_criterion(o.criterion));
  if (o.importance_only) o.metric = "agreement";  // it needs no answer key
  if (o.metric == "gold_log_prob" && o.least_accuracy)
    throw Error(concat("--least-accuracy is ", *o.least_accuracy, ", expected --max-loss: --metric gold_log_prob ",
                       "judges log-probabilities, not accuracy"));
  o.common.metric = o.metric == "agreement" ? "letter" : o.metric;  // what is scored
  if (o.metric == "agreement") o.common.metric_given = false;       // it needs letters only where there are some
  if (!o.importance_only && o.journal.empty()) o.journal = o.plan + ".journal";
  o.common.data = data_path(o.common.data, "questions_calibration.jsonl");
  Files files = files_of(o.common);
  files.reads_spec("--exit", o.exit).reads_spec("--criterion", o.criterion).reads_spec("--strategy", o.strategy);
  files.writes("--plan", o.importance_only ? "" : o.plan).goes_on_with("--journal", o.journal).check();
}

void check_most(const CalibrateOptions& o, const Job& job) {
  const int there = job.model.config().n_sublayers();
  if (o.most && *o.most > there)
    throw Error(concat("--most is ", *o.most, ", expected 0 to ", there, " (the model's sub-layers)"));
}

int report_importance(const Importance& importance, CosineOf rank_by, const Job& job) {
  std::vector<TextTable::Column> columns{{"rank"}, {"all stages", Align::left}, {"cosine"}};
  for (const StageImportance& s : importance.stages) {
    columns.push_back({s.stage, Align::left});
    columns.push_back({"cosine"});
  }
  TextTable table(columns);
  const auto cosines = Importance::cosines(rank_by);
  const std::vector<double> shared = importance.over_stages(cosines);
  const std::vector<Sublayer> ranking = importance.ranking(rank_by);
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const auto index = static_cast<std::size_t>(ranking[i].index());
    std::vector<std::string> row{concat(i + 1), sublayer_name(ranking[i]), fixed(shared[index], 4)};
    for (const StageImportance& s : importance.stages) {
      const Sublayer own = importance.ranking(s.stage, rank_by)[i];
      row.push_back(sublayer_name(own));
      row.push_back(fixed((s.*cosines)[static_cast<std::size_t>(own.index())], 4));
    }
    table.add(std::move(row));
  }
  table.print(std::cout);
  std::cout
      << "Sub-layers in the order in which they are skipped: the larger the cosine of the stream before and after a\n"
         "sub-layer, the less the sub-layer changes the stream. "
      << importance.stages[0].requests << " questions, full depth.\n";
  if (job.options.json.empty()) {
    std::cout << "\nNext: --json FILE saves the importance, and examples/plot.py FILE draws it.\n";
    return 0;
  }
  Form::List names;
  for (const Sublayer u : ranking) names.push_back(sublayer_name(u));
  Form f;
  f.add("format", "litestage.importance/1")
      .add("model", job.model.path())
      .add("ranked_by", name(rank_by))
      .add("ranking", std::move(names))
      .add("importance", write_fields(importance));
  std::cout << std::flush;
  save("--json", job.options.json, io::to_json(f, 1) + "\n");
  std::cout << "importance: " << job.options.json << '\n';
  return 0;
}

void report_full_depth(std::ostream& out, const Job& job, const Score& full, Metric metric) {
  const PlanScore s = calibrate::plan_score(full);
  out << "full depth        " << fixed(s.seconds, 2) << " s/question predicted";
  const evaluate::MajorityClass majority = evaluate::majority_class(job.questions.list);
  std::vector<Gold> gold;
  for (const Question& q : job.questions.list) gold.push_back(q.gold);
  const evaluate::Proportion right = evaluate::accuracy(full.predicted, gold);
  if (right.trials > 0) out << ", " << percent(right) << " right";
  out << '\n' << std::flush;
  if (right.trials == 0 || right.value > majority.accuracy.value) return;
  std::cerr << "warning: full depth is no more accurate than always answering " << shown(majority.answer.text) << " ("
            << fixed(100 * majority.accuracy.value, 1) << " %), so accuracy means nothing here"
            << (metric == Metric::agreement ? "; agreement with full depth does" : "") << std::endl;
}

void report_plan(std::ostream& out, const Plan& plan, const SearchWork& work) {
  TextTable table({{"", Align::left},
                   {metric_heading(plan.search)},
                   {"s/question"},
                   {"tokens/question"},
                   {"skipped", Align::left}});
  const auto add = [&](const std::string& name, const PlanScore& s, const std::string& skipped) {
    double tokens = 0;
    for (const double t : s.stage_tokens) tokens += t;
    table.add({name, metric_value(plan.search, s), fixed(s.seconds, 3), fixed(tokens, 1), skipped});
  };
  std::string budgets;
  for (const PlanBudget& b : plan.budgets) budgets += concat(budgets.empty() ? "" : " / ", b.stage, " ", b.count);
  out << '\n';
  add("full depth", plan.full, "0");
  add("plan", plan.plan, budgets);
  table.print(out);
  out << "Seconds are predicted by the latency model, for one question at a time on this machine.\n\n";
  if (!plan.search.reached) {
    out << "No candidate was found that reaches the target of "
        << (by_score(plan.search) ? fixed(*plan.search.target_score, 3) + " nats"
                                  : fixed(100 * plan.search.target, 1) + " %")
        << ", and full depth does not either, so the plan is full depth.\n";
  }
  print_exit_curve(out, plan);
  out << "early exit        " << exit_text(plan.exit) << '\n';
  for (const PlanBaseline& b : plan.baselines) {
    out << b.method << std::string(b.method.size() < 18 ? 18 - b.method.size() : 1, ' ') << "at most " << b.skipped
        << " sub-layers within the target, "
        << (by_score(plan.search) ? signed_fixed(b.score - plan.full.score, 3) + " nats"
                                  : signed_fixed(100 * (b.accuracy - plan.full.accuracy), 1) + " points")
        << '\n';
  }
  out << "work              " << work.trials << " trials; " << work.generated.stages + work.restored.stages
      << " stages generated (" << work.generated.tokens + work.restored.tokens
      << " tokens), where a search without memory generates " << work.tokens_of_trials << " tokens; "
      << work.restored.stages << " stages were in the journal\n";
}

void report_without_room(std::ostream& out, const Job& job, const std::map<std::size_t, NoRoom>& questions) {
  evaluate::WithoutRoom list;
  for (const auto& [question, why] : questions) list.add(job.questions.list[question].id, why);
  if (list.any()) out << "no room           under some setting " << list.sentence(job.questions.list.size()) << '\n';
}

void report_latency(std::ostream& out, const LatencyCheck& check) {
  const std::vector<double>&predicted = check.predicted, &measured = check.measured;
  double sum_predicted = 0, sum_measured = 0, worst = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    sum_predicted += predicted[i];
    sum_measured += measured[i];
    worst = std::max(worst, std::abs(predicted[i] / measured[i] - 1));
  }
  out << "latency model     " << signed_fixed(100 * (sum_predicted / sum_measured - 1), 1) << " % against the clock in "
      << predicted.size() << " runs at batch 1, " << fixed(100 * worst, 1) << " % at most\n";
}

void next_steps(std::ostream& out, const CalibrateOptions& o) {
  out << "plan              " << o.plan << "\njournal           " << o.journal << '\n';
  if (o.common.quiet) return;
  out << "\nNext: `compare --plan " << o.plan
      << "` compares the plan with full depth and the other methods, on other\n"
         "questions; `ask --plan "
      << o.plan
      << "` answers with it. Trying a smaller --max-loss is quick: results in\n"
         "the journal are not generated again. All options: --help.\n";
}

}  // namespace litestage::cli
