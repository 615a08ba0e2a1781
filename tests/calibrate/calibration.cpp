// A whole calibration on a small model: the result depends neither on batches nor on the places where it was killed and
// continued.
#include "litestage/calibrate/calibration.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/costly_steps.hpp"
#include "common/pipeline_setting.hpp"
#include "litestage/calibrate/search/exhaustive_sweep.hpp"
#include "litestage/calibrate/trials/predicted_seconds.hpp"
#include "litestage/io/files/json.hpp"

using namespace litestage;
using namespace litestage::calibrate;
using namespace litestage::test;

namespace {

using B = CpuBackend;
using Run = Calibration<B>;

struct Model3 {
  ModelSource source = small_model();
  B backend{CpuOptions{1}};
  Model<B> model = load(backend, source);
  std::vector<Question> asked = questions(7);
};

struct Answering : OneStage {
  [[nodiscard]] AnswerFormat answer_format() const { return {}; }
};

// All results of a calibration.
struct Said {
  Importance importance;
  std::vector<Answer> predicted;
  std::vector<std::size_t> order;
  SearchResult plan;
  ExitChoice exits;
  std::vector<int> largest;
  std::vector<Outcome> outcomes;
  SearchWork work;
};
[[nodiscard]] bool same(const Said& a, const Said& b) {
  const auto curve = [](const Said& s) {
    std::vector<Point> points;
    for (const auto& [exit, point] : s.exits.curve) points.push_back(point);
    return points;
  };
  return a.importance == b.importance && a.predicted == b.predicted && a.order == b.order && a.plan == b.plan &&
         a.exits.exit == b.exits.exit && curve(a) == curve(b) && a.largest == b.largest && a.outcomes == b.outcomes;
}

[[nodiscard]] CalibrationSettings settings(std::size_t batch = 4) {
  CalibrationSettings s;
  s.batch = batch;
  s.context = 512;
  s.metric = Metric::agreement;
  s.max_loss = 0.3;
  s.exits = {{2, 3}, 3};
  return s;
}
template <class Strategy = ExhaustiveSweep>
[[nodiscard]] Said calibrated(Model3& m, const CalibrationSettings& s, Journal& journal,
                              const Strategy& strategy = {}) {
  const Progress progress;
  Run run({m.backend, m.model, toy}, thinker, m.asked, s, journal, progress);
  Said said;
  const LatencyModel latency = run.latency(costly_steps);
  said.importance = run.importance();
  const FullDepth full = run.full_depth(latency);
  said.predicted = full.predicted;
  said.order = full.slowest_first;
  said.plan = run.budgets(strategy, latency, said.importance, full);
  said.exits = run.early_exit(latency, said.importance, full, said.plan);
  for (const Baseline& b : baselines(said.importance))
    said.largest.push_back(run.largest(strategy, b, full).setting.skipped);
  const auto lite_stage = run.lite_stage(said.importance, said.plan.best.candidate);
  said.outcomes = run.score(latency, full, lite_stage, said.exits.exit).outcomes;
  said.work = run.work();
  return said;
}

}  // namespace

TEST_CASE("calibration: the sweep finds what brute force over pipelines finds") {
  Model3 m;
  Journal journal;
  CalibrationSettings every_count = settings();
  every_count.most = 6;  // all sub-layers, where the default keeps a layer
  const Said said = calibrated(m, every_count, journal);
  // Every candidate by a separate pipeline, one question after the other.
  const std::vector<Sublayer> ranking = said.importance.ranking();
  const LatencyModel latency = costly_steps();
  const auto judge = [&](const Candidate& budgets) {
    skip::Static policy;
    for (std::size_t s = 0; s < 3; ++s) {
      SublayerSet set;
      for (int i = 0; i < budgets[s]; ++i) set.insert(ranking[static_cast<std::size_t>(i)]);
      policy.stages[thinker.stage(s).name] = set;
    }
    PipelineOptions o;
    o.context = 512;
    o.score_letters = true;
    Pipeline<B, skip::Static, early_exit::Never, stages::TinyThinker> pipeline({m.backend, m.model, toy}, policy, {},
                                                                               thinker, o);
    const auto decisions = stage_decisions(policy, thinker, 3);
    std::pair<int, double> hits_and_seconds{0, 0};
    for (std::size_t q = 0; q < m.asked.size(); ++q) {
      const QuestionReport report = pipeline.run(m.asked[q]);
      hits_and_seconds.first += letter_answer(tasks::best_letter(report.letter_logits)) == said.predicted[q] ? 1 : 0;
      Transcript transcript{m.asked[q], {}};
      std::vector<StageResult> results(3);
      std::vector<PromptShape> prompts(3);
      Path path;
      for (std::size_t s = 0; s < 3; ++s) {
        results[s].report = report.stages[s];
        prompts[s] = PromptShape(stage_request(thinker, s, transcript, AnyTokenizer(toy)));
        transcript.outputs.emplace_back();
        for (const BranchReport& b : report.stages[s].branches) transcript.outputs.back().push_back(b.text);
        path.push_back({&results[s], &prompts[s]});
      }
      hits_and_seconds.second += predicted_seconds(latency, path, decisions, false);
    }
    return hits_and_seconds;
  };
  const int least = 7 - 2;  // 0.3 of 7 questions
  Candidate best(3, 0);
  auto [hits, fastest] = judge(best);
  CHECK(hits == 7);
  for (const std::size_t stage : said.order) {
    const Candidate frozen = best;
    for (int n = 1; n <= 6; ++n) {
      Candidate tried = frozen;
      tried[stage] = n;
      const auto [right, seconds] = judge(tried);
      const auto point = std::find_if(said.plan.points.begin(), said.plan.points.end(),
                                      [&](const Point& p) { return p.candidate == tried; });
      REQUIRE(point != said.plan.points.end());
      CHECK(point->accuracy == right / 7.0);
      CHECK(point->cost * 7 == doctest::Approx(seconds));
      if (right >= least && seconds < fastest * (1 - 1e-12)) best = tried, fastest = seconds;
    }
  }
  CHECK(said.plan.best.candidate == best);
  CHECK(said.plan.reached);
  CHECK(best != Candidate(3, 0));  // or this test shows little
}

TEST_CASE("calibration: the same at any batch, and uninterrupted or not, with nothing generated twice") {
  Model3 m;
  Journal journal;
  std::vector<Form> all;
  // As a journal's file keeps it.
  journal.append = [&](const Form& record) { all.push_back(io::parse_json(io::to_json(record), "journal")); };
  const Said expected = calibrated(m, settings(1), journal);
  Journal other;
  CHECK(same(calibrated(m, settings(5), other), expected));
  // Killed at many places: what is left is the first part of the journal.
  std::set<std::size_t> cuts{0, 1, 2, all.size() - 1, all.size()};
  for (std::size_t i = 0; i < 6; ++i) cuts.insert(all.size() * (2 * i + 1) / 12);
  for (const std::size_t cut : cuts) {
    CAPTURE(cut);
    Journal resumed;
    for (std::size_t i = 0; i < cut; ++i) resumed.records.push_back({concat("journal:", i + 2), all[i]});
    std::size_t appended = 0;
    resumed.append = [&](const Form&) { ++appended; };
    const Said again = calibrated(m, settings(1), resumed);
    CHECK(same(again, expected));
    CHECK(appended == all.size() - cut);
    CHECK(again.work.restored.stages == (cut == 0 ? 0 : cut - 1));  // the first record is the latency model
    CHECK(again.work.restored.stages + again.work.generated.stages == expected.work.generated.stages);
    CHECK(again.work.restored.tokens + again.work.generated.tokens == expected.work.generated.tokens);
    CHECK(again.work.tokens_of_trials == expected.work.tokens_of_trials);
  }
}

namespace {

// A long prompt, then a short one that depends on how the first answer ended.
struct LongThenShort {
  [[nodiscard]] std::size_t size() const { return 2; }
  [[nodiscard]] StageInfo stage(std::size_t i) const {
    return i == 0 ? StageInfo{"long", 12, {}} : StageInfo{"short", 4, {}};
  }
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& t) const {
    if (i == 0) return {{{{Role::text, concat(std::string(40 + t.question.id.back() % 3, 'x'), t.question.id)}}, ""}};
    const std::string& before = t.outputs[0][0];
    return {
        {{{Role::text, concat("Say ", before.substr(before.size() - std::min<std::size_t>(before.size(), 6)))}}, ""}};
  }
  [[nodiscard]] AnswerFormat answer_format() const { return {}; }
};

struct FoundAtFullDepth {
  Importance importance;
  std::vector<double> stage_seconds;
  SearchWork work;
  friend bool operator==(const FoundAtFullDepth& a, const FoundAtFullDepth& b) {
    return a.importance == b.importance && a.stage_seconds == b.stage_seconds;
  }
};

// Continues from the records, and adds to them.
[[nodiscard]] FoundAtFullDepth full_depth_in(Model3& m, std::size_t context, std::vector<Form>& records,
                                             std::size_t unsaid = 0) {
  Journal journal;
  for (std::size_t i = 0; i < records.size(); ++i) journal.records.push_back({concat("journal:", i + 2), records[i]});
  journal.append = [&](const Form& record) { records.push_back(io::parse_json(io::to_json(record), "journal")); };
  journal.context = unsaid;
  CalibrationSettings s = settings();
  s.metric = Metric::extracted;
  s.context = context;
  const Progress progress;
  Run run({m.backend, m.model, toy}, LongThenShort{}, m.asked, s, journal, progress);
  const LatencyModel latency = run.latency(costly_steps);
  FoundAtFullDepth found{run.importance(), {}, {}};
  found.stage_seconds = run.full_depth(latency).stage_seconds;
  found.work = run.work();
  return found;
}

}  // namespace

TEST_CASE("calibration: a journal made with another context is used as far as its records hold") {
  Model3 m;
  const std::size_t large = 512;
  std::vector<Form> in_large, in_small;
  const FoundAtFullDepth expected_large = full_depth_in(m, large, in_large);
  std::int64_t most = 0;
  for (const Form& r : in_large) {
    if (r.find("positions") != nullptr) most = std::max(most, r.at("positions", "").integer(""));
  }
  const auto small = static_cast<std::size_t>(most) - 2;  // the longest answers are cut off there, others just fit
  const FoundAtFullDepth expected_small = full_depth_in(m, small, in_small);
  const auto cut = static_cast<std::size_t>(
      std::count_if(in_small.begin(), in_small.end(), [](const Form& r) { return r.find("filled") != nullptr; }));
  REQUIRE(cut > 0);  // or this test shows little
  REQUIRE(cut < m.asked.size());
  REQUIRE(!(expected_small == expected_large));

  // Stages that were cut off, and the stages after them, run again.
  std::vector<Form> journal = in_small;
  const FoundAtFullDepth more = full_depth_in(m, large, journal);
  CHECK(more == expected_large);
  CHECK(more.work.left_out == 2 * cut);
  CHECK(journal.size() == in_small.size() + 2 * cut);
  // Now the journal holds what both contexts need, and says which is which.
  const std::size_t whole = journal.size();
  CHECK(full_depth_in(m, small, journal) == expected_small);
  CHECK(full_depth_in(m, large, journal) == expected_large);
  CHECK(full_depth_in(m, large + 1, journal) == expected_large);
  CHECK(journal.size() == whole);
  CHECK(full_depth_in(m, small, in_large) == expected_small);

  // As earlier versions wrote it: the journal's identity says the context, records do not.
  std::vector<Form> old;
  for (const Form& record : in_small) {
    Form f;
    for (const auto& [key, value] : record.map("")) {
      if (key != "positions" && key != "filled") f.add(key, value);
    }
    old.push_back(std::move(f));
  }
  CHECK(full_depth_in(m, small, old, small) == expected_small);
  CHECK(old.size() == in_small.size());
  CHECK(full_depth_in(m, large, old, small) == expected_large);
  CHECK(old.size() == in_small.size() + 2 * cut);
}

TEST_CASE("calibration: racing's plan is within the target on all questions") {
  Model3 m;
  Journal journal;
  const Said said = calibrated(m, settings(), journal, Racing{});
  CHECK(said.plan.reached);
  CHECK(said.plan.best.within_target);
  CHECK(said.plan.best.questions == 7);
}

TEST_CASE("calibration: an exit may not lose what the budgets' target does not allow") {
  Model3 m;
  CalibrationSettings s = settings();
  s.max_loss = 0.6;
  s.exits = {{1, 2, 3}, 8};
  Journal journal;
  const Progress progress;
  Run run({m.backend, m.model, toy}, thinker, m.asked, s, journal, progress);
  const LatencyModel latency = run.latency(costly_steps);
  const Importance importance = run.importance();
  const FullDepth full = run.full_depth(latency);
  int lossy = 0;
  for (const Candidate& budgets : {Candidate{0, 0, 0}, Candidate{0, 1, 0}, Candidate{2, 0, 4}, Candidate{4, 0, 3}}) {
    for (const double target : {1.0, 6 / 7.0, 5 / 7.0}) {
      SearchResult search;
      search.best.candidate = budgets;
      search.target = target;
      const ExitChoice choice = run.early_exit(latency, importance, full, search);
      for (const auto& [exit, point] : choice.curve) lossy += point.accuracy < target ? 1 : 0;
      if (choice.exit) {
        const std::vector<Outcome> outcomes =
            run.score(latency, full, run.lite_stage(importance, budgets), choice.exit).outcomes;
        CHECK(std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.correct; }) >=
              std::lround(7 * target));
      }
    }
  }
  CHECK(lossy > 0);  // or this test shows little
}

TEST_CASE("calibration: any exit with a ladder is tuned by running it, and what it tries is what a pipeline does") {
  Model3 m;
  CalibrationSettings s = settings();
  s.max_loss = 1;
  const stages::TinyThinker wordy{40, 24, 10};
  early_exit::TrialAnswer trial;
  trial.min_tokens = 1;
  trial.at = LookAheadAt::token;
  trial.max_tokens = 2;
  for (const early_exit::Standard& policy : {early_exit::Standard(early_exit::Cap{}), early_exit::Standard(trial),
                                             early_exit::Standard(early_exit::CapThenClose{})}) {
    CAPTURE(policy.active_name());
    s.exit = policy;
    Journal journal;
    const Progress progress;
    Run run({m.backend, m.model, toy}, wordy, m.asked, s, journal, progress);
    const LatencyModel latency = run.latency(costly_steps);
    const Importance importance = run.importance();
    const FullDepth full = run.full_depth(latency);
    SearchResult budgets;
    budgets.best.candidate = {0, 1, 0};
    const ExitChoice choice = run.early_exit(latency, importance, full, budgets);
    REQUIRE(choice.curve.size() == policy.ladder().size() + 1);
    CHECK_FALSE(choice.curve[0].first);
    int whole = 0;
    for (std::size_t i = 1; i < choice.curve.size(); ++i) {
      const auto& [exit, point] = choice.curve[i];
      CHECK(exit == policy.ladder()[i - 1]);
      if (point.questions < 7) continue;  // dropped before
      ++whole;
      Pipeline<B, skip::Standard, early_exit::Standard, stages::TinyThinker> pipeline(
          {m.backend, m.model, toy}, run.lite_stage(importance, {0, 1, 0}), *exit, wordy, {.context = 512});
      double tokens = 0;
      for (const QuestionReport& q : pipeline.run(m.asked)) {
        for (const StageReport& stage : q.stages) tokens += stage.chosen_tokens() / 7.0;
      }
      CHECK(point.tokens == doctest::Approx(tokens));
    }
    // The look-aheads of a model that is never sure only cost, so that search drops them early.
    if (policy.active_name() != "trial_answer") CHECK(whole > 0);
    if (policy.active_name() == "cap") CHECK(choice.exit);  // fewer tokens are faster, and every loss is allowed
  }
}

TEST_CASE("calibration: an exit that has no settings to try is refused, and the sentence names those that have") {
  Model3 m;
  CalibrationSettings s = settings();
  s.exit = early_exit::Never{};
  Journal journal;
  const Progress progress;
  CHECK_THROWS_WITH_AS(Run({m.backend, m.model, toy}, thinker, m.asked, s, journal, progress),
                       "the early exit never has no settings to try, expected low_confidence, cap, repetition, "
                       "confident_run, group_confidence, entropy_variance, trial_answer, consistent_answer, "
                       "entropy_after_marker, cap_then_close",
                       Error);
}

TEST_CASE("calibration: a target that full depth does not reach leaves full depth") {
  Model3 m;
  for (Question& q : m.asked) q.gold = test::gold(1);
  Journal journal;
  CalibrationSettings s = settings();
  s.metric = Metric::letter;
  s.least_accuracy = 1.0;
  const Said said = calibrated(m, s, journal);
  CHECK(!said.plan.reached);
  CHECK(said.plan.best.candidate == Candidate(3, 0));
  m.asked[3].gold.clear();
  const Progress progress;
  CHECK_THROWS_WITH_AS(Run({m.backend, m.model, toy}, thinker, m.asked, s, journal, progress),
                       "question q3 has no gold answer, expected one (only the metric agreement needs none)", Error);
}

TEST_CASE("calibration: where answers are no letters, agreement is that of the texts with full depth's") {
  Model3 m;
  for (Question& q : m.asked) {
    q.options.clear();
    q.gold.clear();
    q.kind = AnswerKind::text;
  }
  Journal journal;
  const Progress progress;
  Run run({m.backend, m.model, toy}, Answering{}, m.asked, settings(), journal, progress);
  const LatencyModel latency = run.latency(costly_steps);
  const Importance importance = run.importance();
  const FullDepth full = run.full_depth(latency);
  Pipeline<B, skip::Never, early_exit::Never, Answering> pipeline({m.backend, m.model, toy}, {}, {}, {}, {});
  std::size_t answered = 0;
  for (std::size_t q = 0; q < m.asked.size(); ++q) {
    const std::string text = pipeline.run(m.asked[q]).stages.at(0).branches.at(0).text;
    CHECK(full.predicted[q] == tasks::written_answer({}, text, m.asked[q]));
    CHECK(full.judge.correct(q, full.predicted[q]) == !full.predicted[q].empty());
    answered += full.predicted[q].empty() ? 0 : 1;
  }
  CHECK(answered > 3);  // or this test shows little
  const SearchResult found = run.budgets(ExhaustiveSweep{}, latency, importance, full);
  const std::vector<Outcome> outcomes =
      run.score(latency, full, run.lite_stage(importance, found.best.candidate), std::nullopt).outcomes;
  CHECK(std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.correct; }) ==
        std::lround(7 * found.best.accuracy));
}

TEST_CASE("calibration: by the log-probability of the right answers, at any batch and interrupted or not") {
  Model3 m;
  for (std::size_t q = 0; q < m.asked.size(); ++q) {
    m.asked[q].kind = AnswerKind::number;
    m.asked[q].gold = {{concat(q + 3)}, {"1/2"}};
  }
  CalibrationSettings s = settings(1);
  s.metric = Metric::gold_log_prob;
  s.max_score_loss = 0.05;
  Journal journal;
  std::vector<Form> all;
  journal.append = [&](const Form& record) { all.push_back(io::parse_json(io::to_json(record), "journal")); };
  const Said expected = calibrated(m, s, journal);
  CHECK(expected.plan.reached);
  CHECK(expected.plan.best.candidate != Candidate(3, 0));  // or this test shows little
  CHECK(expected.plan.best.score >= expected.plan.origin.score - 0.05 - 1e-9);
  CHECK(expected.plan.target == expected.plan.origin.score - 0.05);
  std::size_t dropped = 0;
  double score = 0;
  for (const Point& p : expected.plan.points) dropped += p.within_target ? 0 : 1;
  CHECK(dropped > 0);
  for (const Outcome& o : expected.outcomes) score += o.score / 7;
  CHECK(score >= expected.plan.target - 1e-9);  // with the exit, too
  CHECK(std::count_if(all.begin(), all.end(), [](const Form& r) { return r.find("golds") != nullptr; }) > 7);
  CalibrationSettings batched = s;
  batched.batch = 5;
  Journal other;
  CHECK(same(calibrated(m, batched, other), expected));
  Journal resumed;
  for (std::size_t i = 0; i < all.size() / 2; ++i) resumed.records.push_back({concat("journal:", i + 2), all[i]});
  CHECK(same(calibrated(m, s, resumed), expected));
  // Racing keeps the target, and another metric may go on with the journal.
  Journal again;
  for (std::size_t i = 0; i < all.size(); ++i) again.records.push_back({concat("journal:", i + 2), all[i]});
  const Said raced = calibrated(m, s, again, Racing{});
  CHECK(raced.plan.best.within_target);
  CHECK(raced.plan.best.score >= expected.plan.target - 1e-9);
  s.metric = Metric::extracted;
  CHECK(calibrated(m, s, again).plan.reached);
}

TEST_CASE("calibration: a question that outgrows the context is wrong under every plan, and nothing else changes") {
  Model3 m;
  m.asked[3].stem += std::string(300, 'x');
  CalibrationSettings narrow = settings();
  narrow.context = toy.encode(thinker.prompts(0, {m.asked[3], {}})[0]).size();  // its first stage fits
  Journal journal;
  std::vector<Form> all;
  journal.append = [&](const Form& record) { all.push_back(record); };
  const Said said = calibrated(m, narrow, journal);
  CHECK(said.predicted[3].empty());
  CHECK_FALSE(said.outcomes[3].correct);
  CHECK(said.importance.stages[0].requests == 7);
  CHECK(said.importance.stages[1].requests == 6);
  for (std::size_t q = 0; q < 7; ++q) CHECK(said.predicted[q].empty() == (q == 3));
  Journal resumed;
  for (const Form& record : all) resumed.records.push_back({concat("journal:", resumed.records.size() + 2), record});
  std::size_t appended = 0;
  resumed.append = [&](const Form&) { ++appended; };
  CHECK(same(calibrated(m, narrow, resumed), said));
  CHECK(appended == 0);
  // In a larger context the journal's records hold, and what was missing is added.
  Journal larger;
  larger.records = resumed.records;
  CalibrationSettings wide = settings();
  wide.context = 1000;
  const Said roomy = calibrated(m, wide, larger);
  CHECK_FALSE(roomy.predicted[3].empty());
  for (const std::size_t q : {0, 1, 2, 4, 5, 6}) CHECK(roomy.predicted[q] == said.predicted[q]);
}
