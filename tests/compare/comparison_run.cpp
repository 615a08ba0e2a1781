// Comparisons with a tiny random model: batched answers equal those of batch 1, and a run that is stopped anywhere
// continues to the same result.
#include "litestage/compare/comparison_run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "common/pipeline_setting.hpp"
#include "litestage/confidence/max_prob.hpp"

using namespace litestage;
using namespace litestage::compare;
using namespace litestage::evaluate;

namespace {

struct Policies {
  skip::Standard skip;
  early_exit::Standard exit;
  stages::Standard stages;
};

const std::vector<Policies> contenders = {
    {{}, {}, test::thinker},
    {skip::EarlyExitDepth{1}, {}, test::thinker},
    {{}, early_exit::Cap{3, {{"recall", 2}}}, test::thinker},
    {{}, {}, stages::Direct{5}},
};

// Five branches to every question, however many options it has: an Error in a K/V cache that is made for fewer.
struct FiveBranches : test::OneStage {
  FiveBranches() { branches = {"A", "B", "C", "D", "E"}; }
  [[nodiscard]] AnswerFormat answer_format() const { return {}; }
};
struct FiveBranched {
  skip::Never skip;
  early_exit::Never exit;
  FiveBranches stages;
};

// Whatever is generated completes a sentence that names an option by its words.
struct NamesRock : test::OneStage {
  [[nodiscard]] AnswerFormat answer_format() const {
    return {AnswerRule::stated, "", "", "The answer is the rock, which is hard;"};
  }
};
struct NamingRock {
  skip::Never skip;
  early_exit::Never exit;
  NamesRock stages;
};

// Whatever is generated completes a sentence that says yes.
struct SaysYes : test::OneStage {
  [[nodiscard]] AnswerFormat answer_format() const {
    return {.opening = "The answer is yes;", .after = "the answer is"};
  }
};
struct SayingYes {
  skip::Never skip;
  early_exit::Never exit;
  SaysYes stages;
};

// Runs all methods on all questions, the first two of which are timed. `finished`: the records of earlier runs.
struct Ran {
  bool ended = false;
  std::vector<Method> methods;
  std::vector<Form> records;  // new ones
  std::size_t left_out = 0;   // of earlier runs
};

template <class B>
Ran run(test::Setting<B>& s, std::size_t batch, const std::vector<Form>& before, std::size_t stop_after = 1000,
        RecordContexts contexts = {400, 0}) {
  const std::vector<Question> questions = test::questions(5);
  Ran ran;
  std::vector<Record> records;
  for (const Form& form : before) records.push_back({concat("journal:", records.size() + 2), form});
  FinishedWork finished(
      records, [&](const Form& record) { ran.records.push_back(record); }, contexts);
  ran.left_out = finished.left_out();
  ComparisonOptions options;
  options.pipeline.batch = batch;
  options.pipeline.context = contexts.now;
  options.pipeline.keep_going = [&] { return ran.records.size() < stop_after; };
  options.traced = 2;
  options.trace = {confidence::MaxProb{}, Signal::max_prob};
  ComparisonRun<B, Policies> work({s.backend, s.model, test::toy}, questions, options, finished);
  ran.methods.resize(contenders.size());
  std::vector<typename ComparisonRun<B, Policies>::Contender> timed;
  for (std::size_t m = 0; m < contenders.size(); ++m) {
    ran.methods[m].name = concat("method ", m);
    if (!work.answer(ran.methods[m], contenders[m])) return ran;
    timed.push_back({&ran.methods[m], &contenders[m]});
  }
  ran.ended = work.time(timed, 2);
  return ran;
}

// As earlier versions wrote it.
Form unsaid(const Form& record) {
  Form f;
  for (const auto& [key, value] : record.map("")) {
    if (key != "positions" && key != "filled") f.add(key, value);
  }
  return f;
}

void forget_times(Method& method) {
  for (MethodTiming& t : method.timings) {
    t.seconds = 0;
    for (StageTiming& s : t.stages) s.prefill_s = s.decode_s = 0;
  }
}
void check_same(Ran a, Ran b) {
  REQUIRE(a.ended);
  REQUIRE(b.ended);
  for (std::size_t m = 0; m < a.methods.size(); ++m) {
    CAPTURE(m);
    forget_times(a.methods[m]);
    forget_times(b.methods[m]);
    CHECK(a.methods[m].outcomes == b.methods[m].outcomes);
    CHECK(a.methods[m].timings == b.methods[m].timings);
  }
}

}  // namespace

TEST_CASE("a comparison's answers do not depend on the batch, and timed answers are as long as batched ones") {
  test::Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const Ran one = run(s, 1, {}), three = run(s, 3, {});
  check_same(one, three);
  CHECK(one.records.size() == 4 * 5 + 4 * 2);
  std::vector<ComparedQuestion> questions;
  for (const Question& q : test::questions(5)) questions.push_back({q.id, q.gold});
  for (const Method& m : one.methods) CHECK(compare_to(one.methods[0], m, questions).unlike == 0);
}

TEST_CASE("methods of a comparison do what their policies say, and keep the traces that were asked for") {
  test::Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const Ran ran = run(s, 2, {});
  const std::vector<StageMeans> full = stage_means(ran.methods[0]), shallow = stage_means(ran.methods[1]),
                                capped = stage_means(ran.methods[2]), direct = stage_means(ran.methods[3]);
  REQUIRE(full.size() == 3);
  CHECK(full[0].sublayers_skipped == 0);
  CHECK(shallow[0].sublayers_skipped == 2);
  CHECK(capped[0].branch_tokens <= 2);
  CHECK(capped[1].branch_tokens <= 3);
  CHECK(direct.size() == 1);
  for (std::size_t q = 0; q < 5; ++q) {
    const StageOutcome& recall = ran.methods[0].outcomes[q].stages[0];
    CHECK(recall.traces.size() == (q < 2 ? 1 : 0));
    if (q < 2) CHECK(recall.traces[0].values.size() == static_cast<std::size_t>(recall.generated_tokens));
  }
}

TEST_CASE("the K/V cache of a comparison is made for the most options of its questions, not for one question's") {
  test::Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const std::vector<Question> questions = test::questions(5);
  REQUIRE(questions[0].options.size() == 2);
  REQUIRE(questions[3].options.size() == 5);
  FinishedWork finished;
  ComparisonRun<CpuBackend, FiveBranched> work({s.backend, s.model, test::toy}, questions, {}, finished);
  Method method;
  const FiveBranched policies;
  CHECK(work.answer(method, policies));
  CHECK(work.time({{&method, &policies}}, 2));
  CHECK(method.timings.size() == 2);
}

TEST_CASE("what a comparison reads from a text is an option of the question that was asked") {
  test::Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const std::vector<Question> questions = {{"q0", "Hard?", {"ice", "rock"}, test::gold(1)},
                                           {"q1", "Hard?", {"rock", "ice", "air"}, test::gold(0)},
                                           {"q2", "Hard?", {"ice", "air"}, test::gold(0)}};
  FinishedWork finished;
  ComparisonRun<CpuBackend, NamingRock> work({s.backend, s.model, test::toy}, questions, {}, finished);
  Method method;
  REQUIRE(work.answer(method, NamingRock{}));
  CHECK(method.outcomes[0].predicted == Answer{"B"});
  CHECK(method.outcomes[1].predicted == Answer{"A"});
  CHECK(method.outcomes[2].predicted.empty());
}

TEST_CASE("a comparison of questions without options, whose answers are yes or no") {
  test::Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const std::vector<Question> questions = {{"q0", "Hard?", {}, {{"yes"}}, AnswerKind::yes_no},
                                           {"q1", "Hard?", {}, {{"no"}}, AnswerKind::yes_no},
                                           {"q2", "Hard?", {}, {{"no"}, {"yes"}}, AnswerKind::yes_no},
                                           {"q3", "Hard?", {}, {}, AnswerKind::yes_no}};
  FinishedWork finished;
  ComparisonRun<CpuBackend, SayingYes> work({s.backend, s.model, test::toy}, questions, {}, finished);
  Method method;
  const SayingYes policies;
  REQUIRE(work.answer(method, policies));
  REQUIRE(work.time({{&method, &policies}}, 2));
  std::vector<ComparedQuestion> compared;
  for (const Question& q : questions) compared.push_back({q.id, q.gold});
  for (const MethodOutcome& o : method.outcomes) CHECK(o.predicted == Answer{"yes"});
  const ComparisonRow row = compare_to(method, method, compared);
  CHECK(row.accuracy == proportion(2, 3));
  CHECK(row.agreement == proportion(4, 4));
  CHECK(read_fields<MethodOutcome>(write_fields(method.outcomes[0]), "form") == method.outcomes[0]);
}

TEST_CASE("the mean of what was skipped is one over the tokens that are counted as forwarded") {
  test::Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  skip::Static decoding;
  decoding.stages["all"] = {{Unit::attention, 1}, {Unit::mlp, 2}};
  decoding.phase = Phases::decode;
  const std::vector<Question> questions = test::questions(5);
  FinishedWork finished;
  ComparisonOptions options;
  options.pipeline.context = 400;
  ComparisonRun<CpuBackend, Policies> work({s.backend, s.model, test::toy}, questions, options, finished);
  Method method;
  REQUIRE(work.answer(method, {decoding, {}, test::thinker}));
  for (const MethodOutcome& o : method.outcomes) {
    CHECK(o.stages[1].shared_tokens > 0);
    for (const StageOutcome& stage : o.stages) {
      CAPTURE(stage.name);
      const double decoded = stage.generated_tokens - static_cast<double>(stage.branch_tokens.size());
      CHECK(forwarded_tokens(stage) == distinct_prompt_tokens(stage) + decoded);
      CHECK(stage.sublayers_skipped_mean * forwarded_tokens(stage) == doctest::Approx(2 * decoded));
    }
  }
}

TEST_CASE("a comparison that is stopped after any record goes on to the same end, and repeats nothing") {
  test::Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const Ran whole = run(s, 2, {});
  for (const std::size_t stop : {0, 1, 4, 7, 19, 20, 21, 27}) {
    CAPTURE(stop);
    Ran first = run(s, 2, {}, stop);
    CHECK_FALSE(first.ended);
    const Ran rest = run(s, 2, first.records);
    check_same(whole, rest);
    CHECK(first.records.size() + rest.records.size() == whole.records.size());
  }
  CHECK(run(s, 2, whole.records).records.empty());
}

TEST_CASE("a comparison uses records that were made with another context as far as they hold") {
  test::Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const std::size_t large = 400;
  const Ran in_large = run(s, 2, {}, 1000, {large, 0});
  std::int64_t most = 0;
  for (const Form& r : in_large.records) most = std::max(most, r.at("positions", "").integer(""));
  const auto small = static_cast<std::size_t>(most) - 2;  // the longest branches are cut off there, others are not
  const auto cut_off = [](const std::vector<Form>& records) {
    return std::count_if(records.begin(), records.end(), [](const Form& r) { return r.find("filled") != nullptr; });
  };
  const Ran in_small = run(s, 2, {}, 1000, {small, 0});
  const auto cut = static_cast<std::size_t>(cut_off(in_small.records));
  REQUIRE(cut > 0);  // or this test shows little
  REQUIRE(cut < in_small.records.size());
  REQUIRE(cut_off(in_large.records) == 0);
  std::vector<Form> journal = in_small.records;
  const Ran more = run(s, 2, journal, 1000, {large, 0});
  check_same(more, in_large);
  CHECK(more.left_out == cut);
  CHECK(more.records.size() == cut);
  // The same contexts again: now the journal has the records that both contexts need.
  journal.insert(journal.end(), more.records.begin(), more.records.end());
  for (const std::size_t context : {small, large}) {
    const Ran again = run(s, 2, journal, 1000, {context, 0});
    check_same(again, context == small ? in_small : in_large);
    CHECK(again.records.empty());
    CHECK(again.left_out == cut);
  }
  const Ran fewer = run(s, 2, in_large.records, 1000, {small, 0});
  check_same(fewer, in_small);
  CHECK(fewer.records.size() == cut);
  // In journals of earlier versions the identity has the context, not the records.
  for (Form& record : journal) record = unsaid(record);
  journal.resize(in_small.records.size());
  CHECK(run(s, 2, journal, 1000, {small, small}).records.empty());
  const Ran old = run(s, 2, journal, 1000, {large, small});
  check_same(old, in_large);
  CHECK(old.records.size() == cut);
  CHECK(run(s, 2, journal, 1000, {small - 1, small}).left_out == journal.size());
}

TEST_CASE("records that say something twice or nothing at all are refused") {
  const Form timing = Form().add("method", "m").add("question", "q").add("timing", write_fields(MethodTiming{1, {}}));
  const auto restore = [](std::vector<Record> records) {
    return test::error_of([&] { FinishedWork finished(records); });
  };
  CHECK_NOTHROW(FinishedWork(std::vector<Record>{{"j:2", timing}}));
  CHECK(restore({{"j:2", timing}, {"j:3", timing}}) == "j:3: method m and question q are there before");
  CHECK(restore({{"j:2", Form().add("method", "m").add("question", "q")}}) ==
        "j:2: key \"timing\" is missing, expected outcome or timing");
}

TEST_CASE("an outcome is found by the method's policies, a timing also by the methods that it was measured with") {
  test::Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  const std::vector<Question> questions = test::questions(3);
  std::vector<Form> records;
  // Runs methods with these policies, named by their place; returns the number of new records.
  const auto compare = [&](const std::vector<std::size_t>& chosen) {
    std::vector<Record> before;
    for (const Form& record : records) before.push_back({concat("journal:", before.size() + 2), record});
    const std::size_t had = records.size();
    FinishedWork finished(before, [&](const Form& record) { records.push_back(record); });
    ComparisonRun<CpuBackend, Policies> work({s.backend, s.model, test::toy}, questions, {}, finished);
    std::vector<Method> methods(chosen.size());
    std::vector<typename ComparisonRun<CpuBackend, Policies>::Contender> timed;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      methods[i].name = concat("method ", i);
      methods[i].policies = Form::Map{{"number", chosen[i]}};
      REQUIRE(work.answer(methods[i], contenders.at(chosen[i])));
      timed.push_back({&methods[i], &contenders.at(chosen[i])});
    }
    CHECK(work.untimed(timed, 2) + methods.size() * 3 >= records.size() - had);
    REQUIRE(work.time(timed, 2));
    CHECK(work.untimed(timed, 2) == 0);
    return records.size() - had;
  };
  CHECK(compare({0}) == 3 + 2);
  CHECK(compare({0}) == 0);
  CHECK(compare({1, 0}) == 3 + 2 * 2);  // method 0 has its answers, under another name; both are timed in turns
  CHECK(compare({0}) == 0);
  CHECK(compare({1, 0}) == 0);
  CHECK(compare({1}) == 2);
}

TEST_CASE(
    "a question that outgrows the context is not answered, and not recorded, so that a larger context answers it") {
  test::Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  std::vector<Question> questions = test::questions(4);
  questions[1].stem += std::string(300, 'x');
  std::vector<Form> records;
  const auto compare = [&](std::size_t context, const std::vector<Record>& before) {
    records.clear();
    FinishedWork finished(before, [&](const Form& record) { records.push_back(record); });
    ComparisonOptions options;
    options.pipeline.context = context;
    options.pipeline.score_letters = true;
    ComparisonRun<CpuBackend, Policies> work({s.backend, s.model, test::toy}, questions, options, finished);
    Method full;
    full.name = "full depth";
    REQUIRE(work.answer(full, contenders[0]));
    REQUIRE(work.time({{&full, &contenders[0]}}, 3));
    return full;
  };
  const std::size_t narrow = test::toy.encode(test::thinker.prompts(0, {questions[1], {}})[0]).size();
  const Method without = compare(narrow, {});
  REQUIRE(without.outcomes[1].no_room.has_value());
  CHECK(without.outcomes[1].predicted.empty());
  CHECK(without.outcomes[1].stages.size() == 3);
  CHECK(without.timings.size() == 3);
  CHECK(records.size() == 3 + 2);  // answers and times of the others
  std::vector<Record> before;
  for (const Form& record : records) before.push_back({concat("journal:", before.size() + 2), record});
  const Method with = compare(1000, before);
  CHECK_FALSE(with.outcomes[1].no_room.has_value());
  CHECK_FALSE(with.outcomes[1].predicted.empty());
  CHECK(records.size() == 1 + 1);
  for (const std::size_t q : {0, 2, 3}) CHECK(with.outcomes[q] == without.outcomes[q]);
  std::vector<ComparedQuestion> compared;
  for (const Question& q : questions) compared.push_back({q.id, q.gold});
  CHECK(compare_to(without, without, compared).unlike == 0);
  CHECK(compare_to(without, without, compared).silent == 1);
  CHECK(read_fields<MethodOutcome>(write_fields(without.outcomes[1]), "form") == without.outcomes[1]);
}
