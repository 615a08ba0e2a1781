// The plan's file: what is written comes back, what does not fit together is refused, and so is another model's plan.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/calibrate/plan/check_plan.hpp"

using namespace litestage;
using namespace litestage::calibrate;
using litestage::test::error_of;

namespace {

StageImportance stage(std::string name, double first) {
  return {std::move(name),
          12,
          48,
          1234,
          {first, 0.5, 1.0 / 3, 0.25},
          {first, 0.5, 1.0 / 3, 0.25},
          {0.1, 0.2, 0.3, 0.4},
          {70.5, 1, 1.25, 0.75},
          {0.9, 0.1 + 0.2}};
}
PlanPoint point(std::string name, std::vector<int> budgets, double accuracy) {
  return {std::move(name), std::move(budgets), 12, accuracy, 0.1, 80.25, accuracy > 0.5};
}

Plan example_plan() {
  Plan p;
  p.model = {"tiny.gguf", "0123456789abcdef", "fedcba9876543210", 2};
  p.data = {"choice", "questions.jsonl", "00ff00ff00ff00ff", {"q1", "q2"}, {"123456789abcdef0", "0"}};
  p.kernels = {"cpu", "avx2", 2, KvType::f16};
  p.stages = Form::Map{{"name", "tinythinker"}, {"recall_tokens", 64}};
  p.importance = {{stage("recall", 0.75), stage("summarize", 0.8)}};
  p.ranking = sublayer_names(p.importance.ranking());
  p.budgets = {{"recall", 3}, {"summarize", 0}};
  p.phase = Phases::decode;
  p.kv = KvOnSkip::project;
  p.exit = Form::Map{{"name", "low_confidence"}, {"threshold", 0.4}};
  p.exit_curve = {{Form("never"), 12, 0.75, 0.1, 80, true}, {p.exit, 9, 2.0 / 3, 0.09, 70, false}};
  p.search.strategy = Form::Map{{"name", "exhaustive_sweep"}};
  p.search.metric = Metric::agreement;
  p.search.max_loss = 0.04;
  p.search.target = 0.7;
  p.search.reached = true;
  p.search.points = {point("recall", {0, 0}, 0.75), point("recall", {3, 0}, 2.0 / 3)};
  p.baselines = {{"unified", Form::Map{{"name", "unified"}, {"layers", 1}}, 2, 0.75, true}};
  p.full = plan_score(evaluate::proportion(9, 12), 0.1, {50, 30.25});
  p.plan = plan_score(evaluate::proportion(8, 12), 0.09, {52, 18});
  return p;
}

// The form with the value of a key, whose path is given, replaced; or left out, if it is given none. "[0]" is the
// first element of a list.
Form changed(const Form& form, std::vector<std::string> path, const Form* value) {
  if (path.empty()) return *value;
  const std::string key = path.front();
  path.erase(path.begin());
  if (form.is_list()) {
    Form::List list = form.list("");
    list.at(0) = changed(list.at(0), path, value);
    return Form(std::move(list));
  }
  Form::Map members;
  for (const auto& [k, v] : form.map("")) {
    if (k != key)
      members.emplace_back(k, v);
    else if (!path.empty() || value != nullptr)
      members.emplace_back(k, changed(v, path, value));
  }
  return Form(std::move(members));
}
std::string refused(const std::vector<std::string>& path, const Form& value) {
  return error_of(
      [&] { static_cast<void>(plan_from_form(changed(to_form(example_plan()), path, &value), "plan.json")); });
}
std::string without(const std::vector<std::string>& path) {
  return error_of(
      [&] { static_cast<void>(plan_from_form(changed(to_form(example_plan()), path, nullptr), "plan.json")); });
}

// Every key of the form and its objects, and of the first elements of its lists.
void paths_of(const Form& form, const std::vector<std::string>& at, std::vector<std::vector<std::string>>& all) {
  if (form.is_list() && !form.list("").empty() && form.list("")[0].is_map()) {
    std::vector<std::string> next = at;
    next.emplace_back("[0]");
    paths_of(form.list("")[0], next, all);
  }
  if (!form.is_map()) return;
  for (const auto& [key, value] : form.map("")) {
    std::vector<std::string> next = at;
    next.push_back(key);
    all.push_back(next);
    const bool policy = key == "stages" && at.empty();
    if (!policy && key != "exit" && key != "strategy" && key != "skip") paths_of(value, next, all);
  }
}

}  // namespace

TEST_CASE("plan: comes back from its form to the bit, with keys that it does not know ignored") {
  const Form form = to_form(example_plan());
  CHECK(form.map("")[0] == Form::Member{"format", "litestage.plan/1"});
  CHECK(plan_from_form(form, "plan.json") == example_plan());
  Form more = form;
  more.add("later", Form::List{});
  CHECK(plan_from_form(more, "plan.json") == example_plan());
  Form::Map model = form.at("model", "").map("");
  model.emplace_back("later", 1);
  const Form value(model);
  CHECK(plan_from_form(changed(form, {"model"}, &value), "plan.json") == example_plan());
  Plan bare = example_plan();
  bare.exit_curve.clear();
  bare.search.points.clear();
  bare.search.least_accuracy = 0.6;
  CHECK(plan_from_form(to_form(bare), "plan.json") == bare);
}

TEST_CASE("plan: makes the policy that skips as it says") {
  const skip::LiteStage policy = lite_stage(example_plan());
  CHECK(policy.ranking == std::vector<std::string>{"a0", "m0", "a1", "m1"});
  CHECK(policy.budgets == std::map<std::string, int>{{"recall", 3}, {"summarize", 0}});
  CHECK(policy.phase == Phases::decode);
  CHECK(policy.kv == KvOnSkip::project);
}

TEST_CASE("plan: another version, and any key that is missing, are refused by name") {
  CHECK(refused({"format"}, "litestage.plan/2") ==
        "plan.json, format: found \"litestage.plan/2\", expected litestage.plan/1");
  CHECK(refused({"format"}, 1) == "plan.json, format: found 1, expected litestage.plan/1");
  CHECK(error_of([] {
          static_cast<void>(plan_from_form(Form(), "plan.json"));
        }).find("plan.json: found null, expected settings with model, data, ") == 0);
  std::vector<std::vector<std::string>> paths;
  paths_of(to_form(example_plan()), {}, paths);
  CHECK(paths.size() > 70);  // the walk is not empty
  for (const std::vector<std::string>& path : paths) {
    CAPTURE(path.back());
    CHECK(without(path).find(concat("key \"", path.back(), "\" is missing")) != std::string::npos);
  }
  CHECK(without({"model", "tokenizer"}) ==
        "plan.json, model: key \"tokenizer\" is missing, expected file, fingerprint, tokenizer, n_layers");
}

TEST_CASE("plan: scores come back, and plans without them are written as before") {
  Plan p = example_plan();
  const Form plain = to_form(p);
  CHECK(plain.at("search", "").find("target_score") == nullptr);
  CHECK(plain.at("full", "").find("score") == nullptr);
  CHECK(plain.at("search", "").at("points", "").list("")[0].find("score") == nullptr);
  p.search.metric = Metric::gold_log_prob;
  p.search.max_loss = p.search.target = 0;
  p.search.max_score_loss = 0.1;
  p.search.target_score = -1.75;
  p.search.points[1].score = -1.5;
  p.exit_curve[0].score = -1.625;
  p.baselines[0].score = -1.7;
  p.full.score = -1.65;
  p.plan.score = -1.7;
  CHECK(plan_from_form(to_form(p), "plan.json") == p);
  const Form above = 0.5;
  CHECK(error_of([&] {
          static_cast<void>(plan_from_form(changed(to_form(p), {"search", "target_score"}, &above), "plan.json"));
        }) == "plan.json, search.target_score: found 0.5, expected a finite number of at most 0");
}

TEST_CASE("plan: parts that do not fit together are refused in one sentence") {
  CHECK(refused({"budgets", "[0]", "count"}, 5) ==
        "plan.json, budgets.count: found 5 of stage recall, expected 0 to 4 (the length of the ranking)");
  CHECK(refused({"budgets", "[0]", "count"}, -1) ==
        "plan.json, budgets[0].count: found -1, expected an integer from 0 to 2000");
  CHECK(refused({"budgets", "[0]", "stage"}, "analyze") ==
        "plan.json, budgets: found analyze, summarize, expected the stages of the importance: recall, summarize");
  CHECK(refused({"ranking", "[0]"}, "m2") == "plan.json, ranking: found m2, expected a0 to m1 of the model's 2 layers");
  CHECK(refused({"ranking", "[0]"}, "m0") ==
        "plan.json, ranking: found \"m0\" twice, expected sub-layers such as a3 or m3, each once");
  CHECK(refused({"ranking", "[0]"}, "x") ==
        "plan.json, ranking: found \"x\", expected sub-layers such as a3 or m3, each once");
  CHECK(refused({"model", "n_layers"}, 3) == "plan.json, importance: found 2 layers, expected 3 (model.n_layers)");
  CHECK(refused({"search", "points", "[0]", "budgets"}, Form::List{1}) ==
        "plan.json, search.points.budgets: found 1 counts, expected 2, one to each stage");
  CHECK(refused({"full", "correct"}, 13) == "plan.json, full.correct: found 13, expected 0 to 12 (the questions)");
  CHECK(refused({"plan", "stage_tokens"}, Form::List{1, 2, 3}) ==
        "plan.json, plan.stage_tokens: found 3 numbers, expected 2, one to each stage");
}

TEST_CASE("plan: numbers that are none, and values of another kind, are refused") {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), -0.5, 2.0}) {
    CAPTURE(bad);
    CHECK(refused({"search", "target"}, bad) ==
          concat("plan.json, search.target: found ", number_text(bad), ", expected a finite number from 0 to 1"));
  }
  CHECK(refused({"full", "seconds"}, std::nan("")) ==
        "plan.json, full.seconds: found nan, expected a finite number from 0 to 1000000000");
  CHECK(refused({"importance", "stages", "[0]", "cosine", "[0]"}, std::nan("")) ==
        "plan.json, importance.stages[0].cosine[0]: found nan, expected a finite number from -1.001 to 1.001");
  CHECK(refused({"search", "metric"}, "best") ==
        "plan.json, search.metric: found \"best\", expected one of letter, extracted, agreement, gold_log_prob");
  CHECK(refused({"kernels", "threads"}, 1.5) ==
        "plan.json, kernels.threads: found 1.5, expected an integer from 1 to 4096");
  CHECK(refused({"data", "ids"}, Form(Form::List{"q1"})) ==
        "plan.json, data.contents: found 2 hashes, expected 1, one to each of `ids`");
  CHECK(refused({"budgets"}, Form::List{}) ==
        "plan.json, budgets: found none, expected the stages of the importance: recall, summarize");
}

TEST_CASE("plan: holds for its own model and tokenizer only, its seconds on its own kernels only") {
  const Plan plan = example_plan();
  const PlanFacts facts{plan.model.fingerprint, plan.model.tokenizer, plan.kernels};
  CHECK(!check_plan(plan, facts, "--plan p.json"));
  PlanFacts other = facts;
  other.model = "aaaa";
  CHECK(error_of([&] { static_cast<void>(check_plan(plan, other, "--plan p.json")); }) ==
        "--plan p.json, model.fingerprint: found \"0123456789abcdef\", expected \"aaaa\", the model in use: a plan "
        "holds for its own only");
  other = facts;
  other.tokenizer = "bbbb";
  CHECK(error_of([&] { static_cast<void>(check_plan(plan, other, "--plan p.json")); }) ==
        "--plan p.json, model.tokenizer: found \"fedcba9876543210\", expected \"bbbb\", the tokenizer in use: a plan "
        "holds for its own only");
  // A plan of an earlier version has samples of the weights in place of the fingerprint.
  other = facts;
  other.model = "xxh3:ab";
  other.sampled_model = plan.model.fingerprint;
  CHECK(!check_plan(plan, other, "--plan p.json"));
  CHECK(!sampled_model(plan, facts, "--plan p.json"));
  CHECK(
      sampled_model(plan, other, "--plan p.json").value() ==
      "--plan p.json, model.fingerprint: the plan names its model by samples of the weights only, as earlier versions "
      "did, so a model edited elsewhere would pass for it; to have every byte checked, make the plan again or, if you "
      "know that this model is its own, write \"xxh3:ab\" there");
  other.sampled_model = "0123456789abcdee";
  CHECK(error_of([&] { static_cast<void>(check_plan(plan, other, "--plan p.json")); }) ==
        "--plan p.json, model.fingerprint: found \"0123456789abcdef\", expected \"xxh3:ab\", the model in use: a plan "
        "holds for its own only");
  CHECK(!sampled_model(plan, other, "--plan p.json"));
  const PlanKernels others[] = {{"reference", "avx2", 2, KvType::f16},
                                {"cpu", "avx512", 2, KvType::f16},
                                {"cpu", "avx2", 1, KvType::f16},
                                {"cpu", "avx2", 2, KvType::f32}};
  for (const PlanKernels& kernels : others) {
    other = facts;
    other.kernels = kernels;
    CHECK(check_plan(plan, other, "p.json"));
  }
  other.kernels = others[2];
  CHECK(check_plan(plan, other, "p.json").value() ==
        "p.json, kernels: the plan's seconds are of backend cpu, instruction set avx2, 2 threads, K/V f16 and do not "
        "hold for backend cpu, instruction set avx2, 1 thread, K/V f16");
}

TEST_CASE("plan: questions that it was searched on are found under any id") {
  Plan plan = example_plan();
  std::vector<Question> asked = {{"a", "Ice is?", {"hot", "cold"}, {{"B"}}},
                                 {"b", "Steam is?", {"hot", "cold"}, {{"A"}}}};
  CHECK(!searched_among(plan, asked, "p.json"));
  plan.data.contents.push_back(tasks::content_hash({"of another id", "ice IS?", {"cold", "hot"}, {{"A"}}}));
  CHECK(searched_among(plan, asked, "p.json").value() ==
        "p.json: 1 of the 2 questions (the first is a) are those that the plan was searched on");
  CHECK_NOTHROW(check_apart(plan, {asked[1]}, "p.json"));
  CHECK(error_of([&] { check_apart(plan, asked, "p.json"); }) ==
        "p.json: 1 of the 2 questions (the first is a) are those that the plan was searched on, expected others: a "
        "plan is not judged by what it was fitted to");
}
