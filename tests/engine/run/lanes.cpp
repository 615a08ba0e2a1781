// Lanes: requests under different policies side by side, lanes that go on while others work, and slots after a failure.
#include "litestage/engine/run/lanes.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "common/pipeline_setting.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

[[nodiscard]] StageRequest request(const std::string& text, int max_new_tokens) {
  StageRequest r;
  r.question = "q";
  r.stage = {"only", max_new_tokens, {}};
  r.prompts = {toy.encode({{{Role::text, text}}, ""})};
  return r;
}

[[nodiscard]] skip::Static skipping(Sublayer u) {
  skip::Static policy;
  policy.stages["all"] = {u};
  return policy;
}

}  // namespace

TEST_CASE("lanes: requests with policies of their own write what they write alone") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    const std::vector<skip::Static> policies{{}, skipping({Unit::attention, 1}), skipping({Unit::mlp, 0})};
    const early_exit::Never never;
    const AnyTokenizer tokenizer(toy);
    ObserverCalls observer;
    const auto run = [&](std::size_t lanes) {
      Lanes<B> all({s.backend, s.model, tokenizer}, observer, {.lanes = lanes, .context = 64, .step_rows = 7}, {});
      std::vector<StageReport> reports(9);
      std::vector<std::size_t> job(lanes);
      std::size_t next = 0;
      const auto begin = [&](std::size_t lane) {
        if (next == reports.size()) return;
        job[lane] = next++;
        all.start(lane, calls_to(policies[job[lane] % 3], never),
                  request(concat("A text, ", job[lane] / 3), 2 + static_cast<int>(job[lane] % 4)));
      };
      for (std::size_t lane = 0; lane < lanes; ++lane) begin(lane);
      const auto ended = [&](std::size_t lane, auto& one) {
        CHECK(all.idle(lane));
        reports[job[lane]] = one.take_report();
        begin(lane);
      };
      while (all.step(ended)) {
      }
      for (StageReport& r : reports) r.prefill_s = r.decode_s = 0;
      return reports;
    };
    const std::vector<StageReport> alone = run(1);
    CHECK(run(2) == alone);
    CHECK(run(5) == alone);
    CHECK(alone[0].branches[0].tokens != alone[2].branches[0].tokens);
    CHECK(alone[1].sublayers_skipped == 1);
  });
}

TEST_CASE("lanes: a lane is given one request at a time, with no more branches than it has slots") {
  ReferenceBackend backend;
  const ModelSource source = small_model();
  const Model<ReferenceBackend> model = load(backend, source);
  const AnyTokenizer tokenizer(toy);
  ObserverCalls observer;
  Lanes<ReferenceBackend> lanes({backend, model, tokenizer}, observer, {.branches = 2, .context = 32}, {});
  StageRequest many = request("Some", 2);
  many.prompts.resize(3, many.prompts[0]);
  const skip::Never skip;
  const early_exit::Never exit;
  CHECK_THROWS_WITH_AS(lanes.start(0, calls_to(skip, exit), many),
                       "question q, stage only has 3 branches, expected 1 to 2 (the branches of the pipeline)", Error);
  CHECK(lanes.idle(0));
  lanes.start(0, calls_to(skip, exit), request("Some", 2));
  CHECK_THROWS_AS(lanes.start(0, calls_to(skip, exit), request("Some", 2)), AssertionError);
  CHECK(!lanes.run([](std::size_t) {}, [](std::size_t, auto&) {}, [] { return false; }));  // gives up what is at work
  CHECK(lanes.idle(0));
  CHECK(!lanes.step([](std::size_t, auto&) {}));
}

TEST_CASE("lanes: a context of 0 is the default, which is no more than the model's") {
  ModelConfig config;
  config.max_context = 8192;
  CHECK(context_or_default(0, config) == 1024);
  CHECK(context_or_default(4096, config) == 4096);
  config.max_context = 512;
  CHECK(context_or_default(0, config) == 512);
  CHECK(context_or_default(600, config) == 600);
}

TEST_CASE("session: a step that throws leaves the slots as they were") {
  ReferenceBackend backend;
  const ModelSource source = small_model();
  const Model<ReferenceBackend> model = load(backend, source);
  Session<ReferenceBackend> session(backend, model, {2, 3, KvType::f16});
  const int all = session.skip_nothing();
  session.step(std::vector<StepRow>{{1, 0, all, true}, {2, 0, all, true}});
  // Slot 0 has room for one more: the second row does not fit, after the first was entered.
  CHECK_THROWS_AS(session.step(std::vector<StepRow>{{5, 1, all, true}, {3, 0, all, true}, {4, 0, all, true}}),
                  AssertionError);
  CHECK(session.cache().length(0) == 2);
  CHECK(session.cache().length(1) == 0);
  CHECK(session.cache().index().stored(0, 2) == 2);
}
