// Importance, compared with sums of the session's moments that are computed here; and its Form.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/close.hpp"
#include "common/error_of.hpp"
#include "common/pipeline_setting.hpp"
#include "litestage/calibrate/importance/measure_importance.hpp"
#include "litestage/skip/ada_skip.hpp"
#include "litestage/skip/short_gpt.hpp"

using namespace litestage;
using namespace litestage::calibrate;
using namespace litestage::test;

namespace {

const stages::TinyThinker schedule{6, 5, 4};

template <class B>
Importance measured(Setting<B>& s, const std::vector<Question>& list, PipelineOptions options = {}) {
  return measure_importance(LanguageModel(s.backend, s.model, toy), schedule, list, std::move(options)).value();
}

// The measurements of each token of a prompt, from which the expected importance is computed.
struct Walked {
  std::vector<std::vector<double>> cosine, before, after;  // [2 * n_layers][tokens]
  std::vector<std::vector<double>> layer;                  // [n_layers][tokens]
};

template <class B>
Walked walk(Setting<B>& s, const std::vector<int>& prompt) {
  using Real = typename B::Real;
  Session<B> session(s.backend, s.model, {1, 512, KvType::f16});
  std::vector<StepRow> rows;
  for (const int t : prompt) rows.push_back({t, 0, session.skip_nothing(), true});
  session.step(rows, ImportanceObserver::stats);
  std::vector<Moments<Real>> moments;
  Walked w;
  const auto cosines = [&](std::size_t u) {
    std::vector<double> list;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Moments<Real>& m = moments[u * rows.size() + i];
      list.push_back(static_cast<double>(m.dot) / std::sqrt(static_cast<double>(m.before)) /
                     std::sqrt(static_cast<double>(m.after)));
    }
    return list;
  };
  session.read_moments(moments);
  for (std::size_t u = 0; u < 6; ++u) {
    w.cosine.push_back(cosines(u));
    w.before.emplace_back(), w.after.emplace_back();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      w.before[u].push_back(static_cast<double>(moments[u * rows.size() + i].before));
      w.after[u].push_back(static_cast<double>(moments[u * rows.size() + i].after));
    }
  }
  session.read_layer_moments(moments);
  for (std::size_t l = 0; l < 3; ++l) w.layer.push_back(cosines(l));
  return w;
}

// The sum of values[from..to).
double sum(const std::vector<double>& values, std::size_t from, std::size_t to) {
  double total = 0;
  for (std::size_t i = from; i < to; ++i) total += values[i];
  return total;
}

// The importance of one stage, from its prompts: [requests][branches] tokens.
template <class B>
StageImportance expected(Setting<B>& s, const std::string& stage,
                         const std::vector<std::vector<std::vector<int>>>& all) {
  StageImportance e{stage,
                    static_cast<std::int64_t>(all.size()),
                    0,
                    0,
                    std::vector<double>(6),
                    std::vector<double>(6),
                    std::vector<double>(6),
                    std::vector<double>(6),
                    std::vector<double>(3)};
  for (const auto& prompts : all) {
    std::vector<Walked> walked;
    for (const auto& p : prompts) walked.push_back(walk(s, p));
    const std::size_t shared = shared_prefix(prompts);
    std::vector<std::array<std::size_t, 3>> segments;  // branch, from, to
    if (shared > 0) segments.push_back({0, 0, shared});
    for (std::size_t b = 0; b < prompts.size(); ++b) segments.push_back({b, shared, prompts[b].size()});
    std::size_t tokens = 0;
    for (const auto& [b, from, to] : segments) tokens += to - from;
    e.tokens += static_cast<std::int64_t>(tokens);
    e.prompts += static_cast<std::int64_t>(prompts.size());
    for (std::size_t u = 0; u < 6; ++u) {
      double cosines = 0, ratios = 0;
      for (const auto& [b, from, to] : segments) {
        const Walked& w = walked[b];
        cosines += sum(w.cosine[u], from, to);
        ratios += static_cast<double>(to - from) * std::sqrt(sum(w.after[u], from, to) / sum(w.before[u], from, to));
        if (u % 2 == 1) e.layer_cosine[u / 2] += sum(w.layer[u / 2], from, to);
      }
      e.cosine[u] += cosines;
      e.request_cosine[u] += cosines / static_cast<double>(tokens) / static_cast<double>(all.size());
      e.norm_ratio[u] += ratios / static_cast<double>(tokens) / static_cast<double>(all.size());
      for (const Walked& w : walked) e.last_cosine[u] += w.cosine[u].back();
    }
  }
  for (double& c : e.cosine) c /= static_cast<double>(e.tokens);
  for (double& c : e.layer_cosine) c /= static_cast<double>(e.tokens);
  for (double& c : e.last_cosine) c /= static_cast<double>(e.prompts);
  return e;
}

StageImportance stage_of(std::string name, const std::vector<double>& cosine, std::vector<double> last) {
  const std::vector<double> ones(cosine.size(), 1.0);
  return {
      std::move(name), 1, 1, 9, cosine, cosine, std::move(last), ones, std::vector<double>(cosine.size() / 2, 0.75)};
}
const Importance example{{stage_of("recall", {0.5, 0.75, 0.5, 0.25}, {0.1, 0.2, 0.3, 0.4}),
                          stage_of("summarize", {0.25, 0, 0.25, 0.75}, {0.4, 0.3, 0.2, 0.1})}};

using Names = std::vector<std::string>;

std::string refused(const Form& form) {
  return error_of([&] { static_cast<void>(read_fields<Importance>(form, Where("plan.json", "importance"))); });
}

}  // namespace

TEST_CASE("importance: sums over the tokens that ran, each once") {
  with_settings([](auto& s) {
    const std::vector<Question> list = questions(5);
    const Importance found = measured(s, list);
    REQUIRE(found.stages.size() == 3);
    CHECK(found.n_layers() == 3);
    using Backend = std::decay_t<decltype(s.backend)>;
    Pipeline<Backend, skip::Never, early_exit::Never, stages::TinyThinker> pipeline({s.backend, s.model, toy}, {}, {},
                                                                                    schedule);
    const std::vector<QuestionReport> reports = pipeline.run(list);
    for (std::size_t i = 0; i < 3; ++i) {
      std::vector<std::vector<std::vector<int>>> prompts(list.size());
      for (std::size_t q = 0; q < list.size(); ++q) {
        Transcript transcript{list[q], {}};
        for (std::size_t before = 0; before < i; ++before) {
          transcript.outputs.emplace_back();
          for (const BranchReport& b : reports[q].stages[before].branches) transcript.outputs.back().push_back(b.text);
        }
        for (const Prompt& p : schedule.prompts(i, transcript)) prompts[q].push_back(toy.encode(p));
      }
      const StageImportance e = expected(s, schedule.stage(i).name, prompts);
      const StageImportance& f = found.stages[i];
      CHECK(f.stage == e.stage);
      CHECK(f.requests == 5);
      CHECK(f.prompts == e.prompts);
      CHECK(f.tokens == e.tokens);
      // Each segment's mean is rounded to a float once.
      CHECK(all_close(f.cosine, e.cosine, 0x1p-22));
      CHECK(all_close(f.request_cosine, e.request_cosine, 0x1p-22));
      CHECK(all_close(f.last_cosine, e.last_cosine, 0x1p-22));
      CHECK(all_close(f.norm_ratio, e.norm_ratio, 0x1p-21));
      CHECK(all_close(f.layer_cosine, e.layer_cosine, 0x1p-22));
    }
    // The means differ where requests are of different lengths, so neither stands for another.
    CHECK(std::abs(found.stages[1].cosine[0] - found.stages[1].last_cosine[0]) > 1e-3);
    CHECK(found.stages[1].cosine != found.stages[1].request_cosine);
  });
}

TEST_CASE("importance: batches, chunks and the order of the questions leave every bit as it is") {
  with_settings([](auto& s) {
    std::vector<Question> list = questions(7);
    const Importance alone = measured(s, list);
    CHECK(measured(s, list, {.batch = 5}) == alone);
    CHECK(measured(s, list, {.batch = 3, .step_rows = 17}) == alone);
    // Nor does the look at the option letters, which prefills the last stage's prompt once more.
    using Backend = std::decay_t<decltype(s.backend)>;
    Pipeline<Backend, skip::Never, early_exit::Never, stages::TinyThinker, ImportanceObserver> pipeline(
        {s.backend, s.model, toy}, {}, {}, schedule, {.score_letters = true});
    static_cast<void>(pipeline.run(list));
    CHECK(pipeline.observer().importance() == alone);
    std::reverse(list.begin(), list.end());
    CHECK(measured(s, list, {.batch = 2}) == alone);
  });
}

TEST_CASE("importance: needs questions, of different ids, and all of the run") {
  with_settings([](auto& s) {
    std::vector<Question> list = questions(3);
    CHECK(error_of([&] { static_cast<void>(measured(s, {})); }) ==
          "importance: found no questions, expected one or more");
    const OnReport stop = [](std::size_t, const QuestionReport&) { return false; };
    CHECK(!measure_importance(LanguageModel(s.backend, s.model, toy), schedule, list, {}, stop));
    list[2].id = "q0";
    CHECK(error_of([&] { static_cast<void>(measured(s, list)); }) ==
          "importance: found two questions of id \"q0\", expected questions of different ids");
  });
}

TEST_CASE("importance: statistics that are not finite are refused, and partial depth is misuse") {
  ImportanceObserver observer;
  CHECK_THROWS_AS(static_cast<void>(observer.importance()), AssertionError);
  const RequestInfo request{1, 0, "recall", 4, "q9"};
  SublayerStats stats;
  stats.tokens = 3;
  stats.cosine = stats.last_cosine = stats.norm_ratio = 1;
  observer.sublayer(0, request, prefill, {Unit::attention, 0}, stats);
  observer.sublayer(0, request, decode(0), {Unit::mlp, 0}, stats);
  CHECK_THROWS_AS(static_cast<void>(observer.importance()), AssertionError);
  stats.cosine = not_measured;
  observer.sublayer(0, request, prefill, {Unit::mlp, 0}, stats);
  CHECK(error_of([&] { static_cast<void>(observer.importance()); }) ==
        "importance of m0 in stage recall of question q9: found values that are not finite, expected a model whose "
        "residual stream is finite");
}

TEST_CASE("importance: the ranking begins with the most redundant; ties go to attention, then to the lower layer") {
  CHECK(sublayer_names(rank(std::vector<double>{0.5, 0.5, 0.9, 0.5, 0.5, 0.9})) ==
        Names{"a1", "m2", "a0", "a2", "m0", "m1"});
  CHECK(sublayer_names(example.ranking()) == Names{"m1", "a0", "a1", "m0"});
  CHECK(sublayer_names(example.ranking(CosineOf::last_token)) == Names{"a0", "a1", "m0", "m1"});
  CHECK(sublayer_names(example.ranking("recall")) == Names{"m0", "a0", "a1", "m1"});
  CHECK(sublayer_names(example.ranking("summarize", CosineOf::last_token)) == Names{"a0", "m0", "a1", "m1"});
  CHECK(error_of([] { static_cast<void>(example.ranking("analyze")); }) ==
        "importance of stage \"analyze\" was not measured, expected recall, summarize");
}

TEST_CASE("importance: what AdaSkip and ShortGPT take of it") {
  skip::AdaSkip ada;
  ada.count = 4;
  ada.similarity = redundancy_profile(example).similarity;
  ada.ratio = redundancy_profile(example).norm_ratio;
  CHECK(ada.similarity == std::vector<float>{0.375f, 0.375f, 0.375f, 0.5f});
  CHECK(ada.ratio == std::vector<float>(4, 1.0f));
  std::vector<int> ranking;
  for (const Sublayer u : example.ranking()) ranking.push_back(u.index());
  CHECK(ada.skipped_sublayers(2) == ranking);
  CHECK(redundancy_profile(example).influence == std::vector<float>(2, 0.25f));
}

TEST_CASE("importance: comes back from its form to the bit") {
  Setting<ReferenceBackend> s{ReferenceBackend()};
  const Importance found = measured(s, questions(2));
  CHECK(read_fields<Importance>(write_fields(found), "test") == found);
}

TEST_CASE("importance: a form that says something else is refused in one sentence") {
  const Form good = write_fields(example);
  const auto changed = [&](std::size_t stage, std::string_view key, const Form& value) {
    Form::List stages;
    for (const Form& s : good.at("stages", "").list("")) {
      Form::Map members;
      for (const auto& [k, v] : s.map("")) members.emplace_back(k, stages.size() == stage && k == key ? value : v);
      stages.emplace_back(std::move(members));
    }
    return Form(Form::Map{{"stages", Form(std::move(stages))}});
  };
  Form more = good;
  more.add("later", 1);
  CHECK(read_fields<Importance>(more, "plan.json") == example);
  CHECK(refused(Form(1)) == "plan.json, importance: found 1, expected settings with stages");
  CHECK(refused(Form::Map{}) == "plan.json, importance: key \"stages\" is missing, expected stages");
  CHECK(refused(Form::Map{{"stages", Form::List{}}}) ==
        "plan.json, importance.stages: found 0, expected one stage or more");
  const double nan = std::nan("");
  CHECK(refused(changed(1, "cosine", Form::List{0.1, nan, 0.1, 0.1})) ==
        "plan.json, importance.stages[1].cosine[1]: found nan, expected a finite number from -1.001 to 1.001");
  CHECK(refused(changed(0, "norm_ratio", Form::List{1, -1, 1, 1})) ==
        "plan.json, importance.stages[0].norm_ratio[1]: found -1, expected a finite number from 0 to 1000000");
  CHECK(refused(changed(1, "last_cosine", Form::List{0.1})) ==
        "plan.json, importance.stages.last_cosine: found 1, expected 4 values, as the first stage has 2 layers");
  CHECK(refused(changed(0, "layer_cosine", Form::List{})) ==
        "plan.json, importance.stages.layer_cosine: found 0, expected the values of one layer or more");
  CHECK(refused(changed(0, "tokens", 0)) ==
        "plan.json, importance.stages[0].tokens: found 0, expected an integer from 1 to 1000000000000");
  CHECK(refused(changed(0, "stage", "summarize")) ==
        "plan.json, importance.stages.stage: found summarize, expected names, each once");
  CHECK(refused(changed(0, "stage", 3)) == "plan.json, importance.stages[0].stage: found 3, expected a string");
}
