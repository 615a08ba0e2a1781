// The methods of a comparison, and the settings of methods that depend on other methods.
#include "litestage/compare/compared_methods.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/answers.hpp"

using namespace litestage;
using namespace litestage::calibrate;
using namespace litestage::compare;
using compare::MethodOutcome;
using Kind = ComparedMethod::Kind;

namespace {

constexpr int n_layers = 6;
const std::vector<Question> asked = {{"a", "?", {"x", "y"}, test::gold(1)},
                                     {"b", "?", {"x", "y"}, test::gold(1)},
                                     {"c", "?", {"x", "y"}, test::gold(0)}};
const stages::Standard tinythinker{stages::TinyThinker{}};

Plan plan_with(int recall, int analyze, int summarize) {
  Plan plan;
  for (const char* name : {"recall", "analyze", "summarize"}) {
    StageImportance s;
    s.stage = name;
    for (int u = 0; u < 2 * n_layers; ++u) s.request_cosine.push_back(0.9 - 0.01 * u);
    s.cosine = s.last_cosine = s.request_cosine;
    s.norm_ratio.assign(2 * n_layers, 1);
    s.layer_cosine.assign(n_layers, 0.5);
    plan.importance.stages.push_back(s);
  }
  plan.ranking = sublayer_names(plan.importance.ranking());
  plan.budgets = {{"recall", recall}, {"analyze", analyze}, {"summarize", summarize}};
  plan.exit = Form::Map{{"name", "low_confidence"}, {"window", 4}};
  plan.baselines = {{"unified", skip::Standard(skip::Unified{3}).to_form(true), 6, 0.5, true},
                    {"ada_skip", Form("never"), 0, 0.5, true},
                    {"short_gpt", Form("never"), 0, 0.1, false}};
  return plan;
}

// An outcome of a method on a question, with these numbers of generated tokens: recall and summarize have one branch,
// analyze has two, between which the tokens are divided.
MethodOutcome outcome(int recall, int analyze, int summarize) {
  MethodOutcome o{{"A"}, std::vector<compare::StageOutcome>(3)};
  const auto set = [&](std::size_t s, const char* name, int prompt, std::vector<int> branches) {
    o.stages[s].name = name;
    o.stages[s].prompt_tokens = prompt;
    for (const int n : branches) o.stages[s].generated_tokens += n;
    o.stages[s].branch_tokens = std::move(branches);
  };
  set(0, "recall", 10, {recall});
  set(1, "analyze", 40, {analyze / 2, analyze - analyze / 2});
  set(2, "summarize", 20, {summarize});
  return o;
}

// Settles all methods as if each that runs a model had the outcome `each` on every question.
std::vector<ComparedMethod> settled(ComparedMethods& methods, const MethodOutcome& each) {
  for (std::size_t i = 0; i < methods.list().size(); ++i) {
    methods.settle(i);
    ComparedMethod& m = methods.list()[i];
    if (m.policies) m.method.outcomes.assign(asked.size(), each);
  }
  return methods.list();
}
const std::vector<std::string> every_name = ComparedMethods::names();

const ComparedMethod& named(const std::vector<ComparedMethod>& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& m) { return m.method.name == name; });
  REQUIRE(found != list.end());
  return *found;
}

}  // namespace

TEST_CASE("compared methods: full depth is always there, and so is what others are set by") {
  const auto names = [](const std::vector<std::string>& chosen) {
    std::vector<std::string> list;
    ComparedMethods methods(chosen, nullptr, tinythinker, n_layers, asked);
    for (const ComparedMethod& m : methods.list()) list.push_back(m.method.name);
    return list;
  };
  using Names = std::vector<std::string>;
  CHECK(names({}) == Names{"full depth"});
  CHECK(names({"majority"}) == Names{"full depth", "majority class"});
  CHECK(names({"unified"}) == Names{"full depth", "litestage", "unified, equal accuracy", "unified, equal skipping"});
  CHECK(names({"cap"}) == Names{"full depth", "litestage", "litestage + exit", "full depth + cap", "litestage + cap"});
  CHECK(names({"cap_then_close"}) ==
        Names{"full depth", "litestage", "litestage + exit", "full depth + cap, then close"});
  CHECK(names(every_name).size() == 3 + 2 * 5 + 7);
}

TEST_CASE("compared methods: without a plan, what follows from one is missing and says so") {
  ComparedMethods methods(every_name, nullptr, tinythinker, n_layers, asked);
  for (const ComparedMethod& m : settled(methods, outcome(3, 8, 2))) {
    if (m.kind == Kind::one_stage) continue;  // missing because the schedule is raw text
    const bool runs = m.kind == Kind::full_depth || m.kind == Kind::direct;
    CAPTURE(m.method.name);
    CHECK(m.method.missing.empty() == (runs || m.kind == Kind::majority || m.kind == Kind::forced));
    CHECK(m.policies.has_value() == runs);
  }
}

TEST_CASE("compared methods: a baseline at equal accuracy is as the plan says, or missing") {
  const Plan plan = plan_with(4, 4, 4);
  ComparedMethods methods(every_name, &plan, tinythinker, n_layers, asked);
  const auto list = settled(methods, outcome(3, 8, 2));
  CHECK(named(list, "unified, equal accuracy").policies->skip == skip::Standard(skip::Unified{3}));
  CHECK(named(list, "unified, equal accuracy").method.setting == "6 sub-layers");
  CHECK(named(list, "early_exit_depth, equal accuracy").method.missing == "the plan does not say how far it can go");
  CHECK(named(list, "short_gpt, equal accuracy").method.missing ==
        "none of its settings kept the plan's target on the calibration questions");
}

TEST_CASE("compared methods: a baseline at equal skipping is the nearest to the plan, the smaller of two as near") {
  const auto layers = [](int recall, int analyze, int summarize) {
    const Plan plan = plan_with(recall, analyze, summarize);
    ComparedMethods methods({"early_exit_depth", "ada_skip"}, &plan, tinythinker, n_layers, asked);
    const auto list = settled(methods, outcome(1, 2, 1));  // nothing is decoded: 10, 40 and 20 tokens
    const auto of = [&](const char* name) {
      const std::string& setting = named(list, name).method.setting;
      return std::stoi(setting);
    };
    return std::pair(of("early_exit_depth, equal skipping"), of("ada_skip, equal skipping"));
  };
  CHECK(layers(4, 4, 4) == std::pair(4, 4));
  CHECK(layers(5, 5, 5) == std::pair(4, 5));  // of 4 and 6
  CHECK(layers(0, 7, 0) == std::pair(4, 4));  // 280 / 70
  CHECK(layers(0, 0, 0) == std::pair(0, 0));
}

TEST_CASE("compared methods: equal policies run once") {
  const Plan plan = plan_with(0, 0, 0);
  ComparedMethods methods(every_name, &plan, tinythinker, n_layers, asked);
  const auto list = settled(methods, outcome(3, 8, 2));
  const ComparedMethod& ada = named(list, "ada_skip, equal accuracy");
  CHECK_FALSE(ada.policies);
  CHECK(ada.method.same_as == "full depth");
  CHECK(ada.method.outcomes == std::vector<MethodOutcome>(3, outcome(3, 8, 2)));
  CHECK(named(list, "litestage").method.same_as == "full depth");
  CHECK(named(list, "litestage + exit").method.same_as.empty());

  for (ComparedMethod& m : methods.list()) {
    if (m.policies) m.method.timings.assign(1, {m.kind == Kind::full_depth ? 2.0 : 1.0, {}});
  }
  for (const compare::Method& m : methods.methods()) {
    if (m.name == "ada_skip, equal accuracy") CHECK(m.timings.at(0).seconds == 2);
    if (m.name == "majority class") CHECK(m.timings.empty());
  }
}

TEST_CASE("compared methods: a cap leaves branches as long in the mean as is wanted, not shorter") {
  CHECK(cap_of_mean({2, 4, 30}, 4) == 6);  // a cap of 4 would leave 10 / 3
  CHECK(cap_of_mean({2, 4, 30}, 4.1) == 7);
  CHECK(cap_of_mean({5, 5}, 5) == 5);
  CHECK(cap_of_mean({5, 5}, 9) == 5);
  CHECK(cap_of_mean({8}, 0) == 1);
  CHECK(cap_of_mean({}, 3) == 1);
}

TEST_CASE("compared methods: a cap follows from the branches that it cuts, full depth's or litestage's") {
  const Plan plan = plan_with(4, 2, 0);
  ComparedMethods methods({"cap"}, &plan, tinythinker, n_layers, asked);
  for (std::size_t i = 0; i < methods.list().size(); ++i) {
    methods.settle(i);
    ComparedMethod& m = methods.list()[i];
    const bool full = m.kind == Kind::full_depth, exit = m.kind == Kind::lite_stage_exit;
    for (const int n : {2, 4, 30}) m.method.outcomes.push_back(outcome(full ? n : exit ? 4 : 5, 2, 1));
  }
  CHECK(named(methods.list(), "full depth + cap").method.setting == "recall 6, analyze 1, summarize 1 tokens");
  CHECK(named(methods.list(), "litestage + cap").method.setting == "recall 4, analyze 1, summarize 1 tokens");
}

TEST_CASE("compared methods: equal skipping counts what branches share once") {
  const Plan plan = plan_with(0, 6, 0);
  MethodOutcome each = outcome(1, 2, 1);  // nothing is decoded
  each.stages[1].shared_tokens = 15;      // of 20: 25 tokens run
  ComparedMethods methods({"ada_skip"}, &plan, tinythinker, n_layers, asked);
  // 6 * 25 / 55 = 2.7. Of 8 it is 3.6; with every branch's whole prompt it would be 8 * 40 / 70 = 4.6.
  CHECK(named(settled(methods, each), "ada_skip, equal skipping").method.setting == "3 sub-layers");
  const Plan more = plan_with(0, 8, 0);
  ComparedMethods deeper({"ada_skip"}, &more, tinythinker, n_layers, asked);
  CHECK(named(settled(deeper, each), "ada_skip, equal skipping").method.setting == "4 sub-layers");
}

TEST_CASE("compared methods: controls") {
  const Plan plan = plan_with(4, 2, 0);
  ComparedMethods methods(every_name, &plan, tinythinker, n_layers, asked);
  const auto list = settled(methods, outcome(7, 9, 1));
  const early_exit::Standard cap(early_exit::Cap{32, {{"recall", 7}, {"analyze", 5}, {"summarize", 1}}});  // of 4 and 5
  CHECK(named(list, "full depth + cap").policies->exit == cap);
  CHECK(named(list, "full depth + cap").policies->skip == skip::Standard());
  CHECK(named(list, "litestage + cap").policies->exit == cap);
  CHECK(named(list, "litestage + cap").policies->skip == skip::Standard(lite_stage(plan)));
  CHECK(named(list, "litestage + exit").policies->exit ==
        early_exit::Standard(early_exit::LowConfidence<confidence::Standard>{{}, 4}));
  CHECK(named(list, "direct answer").policies->stages == stages::Standard(stages::Direct{}));
  CHECK(named(list, "forced answer").method.same_as == "direct answer");  // the text to continue forces it already
  CHECK(named(list, "one stage of reasoning").method.missing ==
        "the schedule is raw text, and one stage of reasoning is a conversation");
  const ComparedMethod& majority = named(list, "majority class");
  CHECK_FALSE(majority.policies);
  CHECK(majority.method.setting == "always B");
  CHECK(majority.method.outcomes == std::vector<MethodOutcome>(3, MethodOutcome{{"B"}, {}}));

  ComparedMethods chat({"direct"}, nullptr, stages::Standard(stages::Chat{}), n_layers, asked);
  CHECK(named(settled(chat, {}), "direct answer").policies->stages == stages::Standard(stages::Direct{24, true}));
  stages::Chat edited;
  edited.system = "You know.";
  ComparedMethods other({"direct"}, nullptr, stages::Standard(edited), n_layers, asked);
  CHECK(named(settled(other, {}), "direct answer").policies->stages ==
        stages::Standard(stages::Direct{24, true, "You know."}));
  const stages::Standard own_direct(stages::Direct{.max_new_tokens = 5});
  ComparedMethods given({"direct", "forced"}, nullptr, tinythinker, n_layers, asked, {}, own_direct);
  const auto controls_with_own = settled(given, {});
  CHECK(named(controls_with_own, "direct answer").policies->stages == own_direct);
  CHECK(named(controls_with_own, "forced answer").policies->stages == stages::Standard(stages::Direct{}));
  ComparedMethods more({"forced", "one_stage"}, nullptr, stages::Standard(edited), n_layers, asked);
  const auto controls_of_chat = settled(more, {});
  CHECK(named(controls_of_chat, "forced answer").policies->stages ==
        stages::Standard(stages::Direct{24, true, "You know.", "The answer is"}));
  CHECK(named(controls_of_chat, "one stage of reasoning").policies->stages == stages::Standard(stages::Cot{}));
}

TEST_CASE("compared methods: an early exit of one's own is followed by caps with as many tokens") {
  const early_exit::Standard trial(early_exit::TrialAnswer{});
  ComparedMethods methods({"full_depth"}, nullptr, tinythinker, n_layers, asked,
                          {{.exit = trial, .controls = true}, {.exit = trial, .controls = true}});
  std::vector<std::string> names;
  for (const ComparedMethod& m : methods.list()) names.push_back(m.method.name);
  CHECK(names ==
        std::vector<std::string>{"full depth", "full depth + trial_answer", "cap, tokens of full depth + trial_answer",
                                 "cap, then close, tokens of full depth + trial_answer",
                                 "full depth + trial_answer (2)", "cap, tokens of full depth + trial_answer (2)",
                                 "cap, then close, tokens of full depth + trial_answer (2)"});
  // Full depth writes 40, 30 + 30 and 5 tokens; the exit 20, 10 + 10 and 5, and 4 in each branch of two look-aheads.
  MethodOutcome with_exit = outcome(20, 20, 5);
  with_exit.stages[0].look_ahead_tokens = 4;
  with_exit.stages[1].look_ahead_tokens = 8;
  for (std::size_t i = 0; i < 4; ++i) {
    methods.settle(i);
    methods.list()[i].method.outcomes.assign(asked.size(), i == 0 ? outcome(40, 60, 5) : with_exit);
  }
  CHECK(methods.list()[1].policies->exit == trial);
  CHECK(methods.list()[2].policies->exit ==
        early_exit::Standard(early_exit::Cap{32, {{"recall", 24}, {"analyze", 14}, {"summarize", 5}}}));
  // With 8 tokens after the closing words, and none in the stage that states the answer.
  early_exit::CapThenClose close;
  close.stages = {{"recall", 16}, {"analyze", 6}, {"summarize", tinythinker.stage(2).max_new_tokens}};
  CHECK(methods.list()[3].policies->exit == early_exit::Standard(close));
  methods.settle(4);
  CHECK(methods.list()[4].method.same_as == "full depth + trial_answer");
}

TEST_CASE("compared methods: a method of one's own has its policies, and without a plan it is not missing") {
  const skip::Standard skip(skip::Static{});
  const early_exit::Standard exit(early_exit::Cap{.tokens = 9});
  const stages::Standard single(stages::Cot{});
  ComparedMethods methods({"full_depth"}, nullptr, tinythinker, n_layers, asked,
                          {{.name = "mine", .skip = skip, .exit = exit}, {.skip = skip}, {.stages = single}});
  const std::vector<ComparedMethod> list = settled(methods, outcome(3, 8, 2));
  REQUIRE(list.size() == 4);
  CHECK(list[1].method.name == "mine");
  CHECK(list[1].method.missing.empty());
  CHECK(list[1].policies->skip == skip);
  CHECK(list[1].policies->exit == exit);
  CHECK(list[1].policies->stages == tinythinker);
  CHECK(list[1].method.setting == "cap:tokens=9");
  CHECK(list[2].method.name == "static");
  CHECK(list[2].method.setting.empty());
  CHECK(list[3].method.name == "full depth (2)");
  CHECK(list[3].policies->stages == single);
}

TEST_CASE("compared methods: two methods of one name are refused, and so are controls of other stages") {
  const auto make = [](const std::vector<OwnMethod>& own) {
    ComparedMethods(every_name, nullptr, tinythinker, n_layers, asked, own);
  };
  CHECK_THROWS_WITH_AS(make({{.name = "full depth"}}),
                       "two methods have the name \"full depth\", expected different names", Error);
  CHECK_THROWS_WITH_AS(make({{.name = "majority class"}}),
                       "two methods have the name \"majority class\", expected different names", Error);
  const Form form = Form::Map{{"stages", Form("cot")}, {"controls", Form(true)}};
  CHECK_THROWS_WITH_AS(static_cast<void>(read_fields<OwnMethod>(form, Where("m.json"))),
                       "m.json, controls: found true with stages of its own, expected false: the caps are set by the "
                       "lengths of the comparison's stages",
                       Error);
}
