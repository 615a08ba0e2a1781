// Evaluation of many settings at once: the results are those of pipelines, nothing is generated twice, and the records
// restore its state.
#include "litestage/calibrate/trials/staged_evaluation.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/pipeline_setting.hpp"
#include "litestage/calibrate/trials/budget_evaluation.hpp"
#include "litestage/calibrate/trials/predicted_seconds.hpp"
#include "litestage/calibrate/trials/replay_exit.hpp"
#include "litestage/calibrate/trials/stage_record.hpp"
#include "litestage/io/files/json.hpp"

using namespace litestage;
using namespace litestage::calibrate;
using namespace litestage::test;

namespace {

using B = CpuBackend;
using Exit = early_exit::Standard;
using V = Variant<skip::Static, Exit>;
using Evaluation = StagedEvaluation<B, skip::Static, Exit>;

[[nodiscard]] V variant(std::vector<SublayerSet> sets, Exit exit = {}) {
  V v;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const std::string name = thinker.stage(i).name;
    v.skip.stages[name] = sets[i];
    std::string key;
    for (const int u : sets[i].indices()) key += concat(u, " ");
    v.keys.push_back(key);
  }
  v.exit = std::move(exit);
  return v;
}

const SublayerSet none, a1{{Unit::attention, 1}}, m02{{Unit::mlp, 0}, {Unit::mlp, 2}};

void restore(const Form& record, const std::string& where, std::span<const Question> asked, std::size_t n_stages,
             StageMemo& memo) {
  restore_stage(stage_from_record(record, where, asked, n_stages), where, memo);
}

// Full depth, two that share their first stage, and one that is the same throughout.
[[nodiscard]] std::vector<V> variants() {
  return {variant({none, none, none}), variant({a1, none, m02}), variant({a1, m02, m02}), variant({m02, m02, m02})};
}

[[nodiscard]] std::vector<Evaluation::Work> all_work(const std::vector<V>& settings, std::size_t n) {
  std::vector<Evaluation::Work> work;
  for (const V& v : settings) {
    for (std::size_t q = 0; q < n; ++q) work.push_back({&v, q});
  }
  return work;
}

[[nodiscard]] QuestionReport report_of(const Path& path, const std::string& id) {
  QuestionReport r;
  r.id = id;
  for (const PathStep& step : path) {
    if (step.result->letter_logits.empty()) r.stages.push_back(step.result->report);
    r.letter_logits = step.result->letter_logits;
    r.positions = std::max(r.positions, step.result->positions);
  }
  return r;
}
[[nodiscard]] std::vector<QuestionReport> reports_of(const std::vector<Path>& paths,
                                                     const std::vector<Question>& asked) {
  std::vector<QuestionReport> reports;
  for (std::size_t i = 0; i < paths.size(); ++i) reports.push_back(report_of(paths[i], asked[i % asked.size()].id));
  return timeless(reports);
}

struct Fixture {
  ModelSource source = small_model();
  B backend{CpuOptions{1}};
  Model<B> model = load(backend, source);
  std::vector<Question> asked = questions(6);
  StageMemo memo;

  [[nodiscard]] Evaluation evaluation(std::size_t batch, StageMemo& into) {
    EvaluationOptions options;
    options.batch = batch;
    options.context = 512;
    return Evaluation({backend, model, toy}, thinker, asked, into, options);
  }
  // The results of pipelines, one setting after the other.
  [[nodiscard]] std::vector<QuestionReport> by_pipelines(const std::vector<V>& settings) {
    std::vector<QuestionReport> reports;
    for (const V& v : settings) {
      PipelineOptions options;
      options.context = 512;
      options.score_letters = true;
      Pipeline<B, skip::Static, Exit, stages::TinyThinker> pipeline({backend, model, toy}, v.skip, v.exit, thinker,
                                                                    options);
      for (QuestionReport& r : pipeline.run(asked)) reports.push_back(std::move(r));
    }
    return timeless(reports);
  }
};

}  // namespace

TEST_CASE("staged evaluation: what pipelines say, at any batch, and nothing twice") {
  Fixture f;
  const std::vector<V> settings = variants();
  const std::vector<QuestionReport> expected = f.by_pipelines(settings);
  std::size_t generated = 0;
  for (const std::size_t batch : {std::size_t{1}, std::size_t{5}}) {
    CAPTURE(batch);
    StageMemo memo;
    Evaluation evaluation = f.evaluation(batch, memo);
    std::set<StageKey> seen;
    evaluation.on_result([&](const StageKey& key, const StageResult&) { CHECK(seen.insert(key).second); });
    std::int64_t tokens_of_walks = 0;
    const auto paths = evaluation.run(all_work(settings, 6));
    for (const Path& path : paths) {
      for (const PathStep& step : path) tokens_of_walks += step.result->report.generated_tokens;
    }
    CHECK(reports_of(paths, f.asked) == expected);
    const GenerationCounts first = evaluation.generated();
    // Two settings share their first stage, two their last when the texts before are the same; the rest is generated.
    CHECK(first.stages <= 4 * 6 * 4 - 6);
    CHECK(first.stages == seen.size());
    CHECK(first.tokens < tokens_of_walks);
    CHECK(reports_of(evaluation.run(all_work(settings, 6)), f.asked) == expected);
    CHECK(evaluation.generated().stages == first.stages);
    CHECK((generated == 0 || generated == first.stages));
    generated = first.stages;
  }
}

TEST_CASE("staged evaluation: stopped anywhere, its records bring it back, and nothing is generated again") {
  Fixture f;
  const std::vector<V> settings = variants();
  StageMemo whole;
  Evaluation uninterrupted = f.evaluation(3, whole);
  const std::vector<QuestionReport> expected = reports_of(uninterrupted.run(all_work(settings, 6)), f.asked);
  std::vector<Form> records;
  for (int tries = 0;; ++tries) {
    REQUIRE(tries < 1000);
    StageMemo memo;
    for (std::size_t i = 0; i < records.size(); ++i) {
      restore(records[i], concat("journal:", i + 1), f.asked, thinker.size(), memo);
    }
    EvaluationOptions options;
    options.batch = 3;
    options.context = 512;
    int steps = 0;
    options.keep_going = [&] { return ++steps < 25; };  // a few stages or so
    Evaluation evaluation({f.backend, f.model, toy}, thinker, f.asked, memo, options);
    evaluation.on_result(
        [&](const StageKey& key, const StageResult& result) { records.push_back(stage_record(key, result, f.asked)); });
    std::vector<QuestionReport> found;
    try {
      found = reports_of(evaluation.run(all_work(settings, 6)), f.asked);
    } catch (const Stopped&) {
      continue;
    }
    CHECK(found == expected);
    CHECK(tries > 2);
    break;
  }
  CHECK(records.size() == uninterrupted.generated().stages);
}

TEST_CASE("staged evaluation: right answers are scored after the last stage, at any batch, and from records") {
  Fixture f;
  for (Question& q : f.asked) {
    q.kind = AnswerKind::number;
    q.gold = {{"12"}, {"7"}, {"25/2"}};
  }
  f.asked[1].gold.resize(1);
  const std::vector<V> settings = variants();
  std::vector<std::vector<float>> expected;
  std::vector<Form> records;
  for (const std::size_t batch : {std::size_t{1}, std::size_t{5}}) {
    StageMemo memo;
    for (std::size_t i = 0; i < records.size(); ++i)
      restore(records[i], concat("journal:", i + 1), f.asked, thinker.size(), memo);
    const bool restored = !records.empty() && batch == 5;
    EvaluationOptions options;
    options.batch = batch;
    options.context = 512;
    options.scored = Scored::golds;
    Evaluation evaluation({f.backend, f.model, toy}, thinker, f.asked, memo, options);
    evaluation.on_result([&](const StageKey& key, const StageResult& result) {
      if (batch == 1) records.push_back(io::parse_json(io::to_json(stage_record(key, result, f.asked)), "journal"));
    });
    const auto paths = evaluation.run(all_work(settings, 6));
    CHECK((evaluation.generated().stages == 0) == restored);
    std::vector<std::vector<float>> found;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      REQUIRE(paths[i].size() == 4);
      found.push_back(paths[i].back().result->gold_scores);
      CHECK(found.back().size() == f.asked[i % 6].gold.size());
      CHECK(paths[i].back().result->letter_logits.empty());
    }
    if (expected.empty()) expected = found;
    CHECK(found == expected);
    if (restored) continue;
    // Letters do not get in their way: a journal may hold both.
    options.scored = Scored::letters;
    Evaluation letters({f.backend, f.model, toy}, thinker, f.asked, memo, options);
    const std::size_t before = memo.size();
    for (const Path& path : letters.run(all_work(settings, 6))) CHECK(path.back().result->gold_scores.empty());
    CHECK(memo.size() > before);
  }
  // By hand, for the first setting and question.
  Pipeline<B, skip::Static, Exit, stages::TinyThinker> pipeline({f.backend, f.model, toy}, settings[0].skip,
                                                                settings[0].exit, thinker, {.context = 512});
  const QuestionReport report = pipeline.run(f.asked[0]);
  Transcript t{f.asked[0], {{}, {}}};
  for (std::size_t s = 0; s < 2; ++s) {
    for (const BranchReport& b : report.stages[s].branches) t.outputs[s].push_back(b.text);
  }
  ObserverCalls nobody;
  const AnyTokenizer tokenizer(toy);
  Lanes<B> lanes({f.backend, f.model, tokenizer}, nobody, {.branches = 3, .context = 512}, {});
  lanes.start(0, calls_to(settings[0].skip, settings[0].exit), gold_request(thinker, t, tokenizer));
  std::vector<float> alone;
  while (lanes.step([&](std::size_t, auto& run) { alone = run.take_scores(); })) {
  }
  CHECK(alone == expected[0]);
}

TEST_CASE("staged evaluation: reuse is predicted as it happens at batch 1") {
  Fixture f;
  for (const V& v : variants()) {
    Profile profile;
    PipelineOptions options;
    options.context = 512;
    options.forget_questions = true;
    options.profile = &profile;
    Pipeline<B, skip::Static, Exit, stages::TinyThinker> pipeline({f.backend, f.model, toy}, v.skip, v.exit, thinker,
                                                                  options);
    static_cast<void>(pipeline.run(f.asked));
    StageMemo memo;
    Evaluation evaluation = f.evaluation(4, memo);
    const auto decisions = stage_decisions(v.skip, thinker, f.model.config.n_layers);
    double forwarded = 0;
    for (const Path& path : evaluation.run(all_work({v}, 6))) {
      // A model that only counts the rows of steps.
      LatencyModel rows;
      rows.groups.assign(6, 0);
      rows.sublayers = {Curve{{1}, {0}}};
      rows.head = rows.project = Curve{{1}, {0}};
      rows.base = Curve{{1}, {1}};
      forwarded += predicted_seconds(rows, path, decisions, false);
    }
    CHECK(forwarded == static_cast<double>(profile.of(Operation::embed).rows));
  }
}

TEST_CASE("staged evaluation: an exit replayed on a trace is the exit itself") {
  Fixture f;
  std::size_t exits = 0;
  for (const float threshold : {0.0f, 0.011f, 0.02f, 0.03f, 1.0f}) {
    CAPTURE(threshold);
    early_exit::LowConfidence<confidence::Standard> low;
    low.window = 2;
    low.threshold = threshold;
    const V live = variant({a1, none, m02}, Exit(low));
    const std::vector<QuestionReport> expected = f.by_pipelines({live});
    V replayed = variant({a1, none, m02});
    replayed.replay = replay_of(low, AnyTokenizer(toy));
    EvaluationOptions options;
    options.batch = 4;
    options.context = 512;
    options.generation.trace = trace_of(low.criterion);
    Evaluation evaluation({f.backend, f.model, toy}, thinker, f.asked, f.memo, options);
    std::vector<QuestionReport> found = reports_of(evaluation.run(all_work({replayed}, 6)), f.asked);
    for (std::size_t i = 0; i < found.size(); ++i) {
      found[i].positions = expected[i].positions;  // those of the replay are what the stage took that was cut
      for (std::size_t s = 0; s < found[i].stages.size(); ++s) {
        StageReport& r = found[i].stages[s];
        // What was skipped on average depends on how many tokens there were; the replay does not know it.
        r.sublayers_skipped_mean = expected[i].stages[s].sublayers_skipped_mean;
        for (BranchReport& b : r.branches) {
          exits += b.stop == StopReason::exit ? 1 : 0;
          b.trace.clear();
        }
      }
    }
    CHECK(found == expected);
  }
  CHECK(exits > 0);
}

TEST_CASE("stage records: what does not fit the search is one sentence") {
  Fixture f;
  StageResult result;
  result.report.name = "recall";
  const std::string broken = "text \xc3\xa9 \xf0\x9f\xff\x80";  // as a model writes that skips too much
  result.report.branches.push_back({broken, {1, 2}, StopReason::eos, 3, {0.1f, 0.25f, 1}});
  const Form good = stage_record({1, 0, "x", 0xfedcba9876543210u}, result, f.asked);
  const auto error_of = [&](Form::Map members, const Form& value, std::size_t at) {
    members[at].second = value;
    try {
      StageMemo memo;
      restore(Form(members), "j:4", f.asked, 3, memo);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  const Form::Map& m = good.map("");
  CHECK(error_of(m, m[0].second, 0) == "none");
  CHECK(error_of(m, "else", 0) == "j:4: question \"else\" is none of this search's 6 questions");
  CHECK(error_of(m, 4, 1) == "j:4, stage: found 4, expected an integer from 0 to 3");
  CHECK(error_of(m, 3, 1).find("j:4: key \"letters\" is missing, expected question, stage, ") == 0);
  CHECK(error_of(m, 1, 2) == "j:4, decisions: found 1, expected a string");
  StageResult scores;
  scores.gold_scores = {-1.5f};
  const Form::Map golds = stage_record({1, 4, "x", 1}, scores, f.asked).map("");
  CHECK(golds[1].second == Form(3));  // after the last stage
  CHECK(golds[4].first == "golds");
  CHECK(error_of(golds, golds[4].second, 4) == "none");
  CHECK(error_of(golds, Form(Form::List{-1, -2}), 4) ==
        "j:4, golds: found 2 scores, expected 1, one for each gold answer of question \"q1\"");
  CHECK(error_of(golds, Form(Form::List{0.5}), 4) == "j:4, golds[0]: found 0.5, expected a finite number of at most 0");
  StageMemo memo;
  restore(io::parse_json(io::to_json(good), "j:4"), "j:4", f.asked, 3, memo);
  CHECK(memo.find({1, 0, "x", 0xfedcba9876543210u})->report == result.report);
  CHECK_THROWS_WITH_AS(restore(good, "j:5", f.asked, 3, memo), "j:5: the same stage was recorded before", Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(characters_as_bytes("a\xc4\x80", "j:6")),
                       "j:6: found a character beyond U+00FF in a text, expected those that stand for bytes", Error);
}

TEST_CASE(
    "staged evaluation: a question that outgrows the context has no answer, is not recorded, and stops no other") {
  Fixture f;
  f.asked[2].stem += std::string(300, 'x');
  const std::vector<V> settings = variants();
  const std::size_t first = toy.encode(thinker.prompts(0, {f.asked[2], {}})[0]).size();
  for (const std::size_t context : {first - 1, first, first + 40}) {
    CAPTURE(context);
    std::vector<QuestionReport> expected;
    for (const V& v : settings) {
      PipelineOptions options;
      options.context = context;
      options.score_letters = true;
      Pipeline<B, skip::Static, Exit, stages::TinyThinker> pipeline({f.backend, f.model, toy}, v.skip, v.exit, thinker,
                                                                    options);
      for (QuestionReport& r : timeless(pipeline.run(f.asked))) {
        CHECK(r.no_room.has_value() == (r.id == f.asked[2].id));
        r.no_room.reset();
        r.positions = 0;
        expected.push_back(std::move(r));
      }
    }
    StageMemo memo;
    EvaluationOptions options;
    options.batch = 3;
    options.context = context;
    Evaluation evaluation({f.backend, f.model, toy}, thinker, f.asked, memo, options);
    std::size_t recorded = 0;
    evaluation.on_result([&](const StageKey&, const StageResult& result) {
      ++recorded;
      CHECK(result.report.branches.empty() == !result.letter_logits.empty());
    });
    const auto paths = evaluation.run(all_work(settings, 6));
    std::vector<QuestionReport> found;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const Path stages(paths[i].begin(), paths[i].begin() + 3);  // then the letters
      found.push_back(report_of(stages, f.asked[i % 6].id));
      found.back().positions = 0;
      found.back().letter_logits = paths[i].back().result->letter_logits;
    }
    CHECK(timeless(found) == expected);
    CHECK(memo.size() == recorded);
    REQUIRE(evaluation.without_room().size() == 1);
    CHECK(evaluation.without_room().begin()->first == 2);
    CHECK(evaluation.without_room().begin()->second.context == context);
  }
}
