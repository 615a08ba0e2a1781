// The latency model: what it predicts by hand, what a fit recovers, what its form accepts, and the probe on a tiny
// model. No duration is asserted.
#include "litestage/calibrate/latency/latency_model.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/tiny_model.hpp"
#include "common/toy_tokenizer.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/calibrate/latency/latency_fit.hpp"
#include "litestage/calibrate/latency/latency_probe.hpp"
#include "litestage/calibrate/latency/step_work.hpp"

using namespace litestage;
using namespace litestage::calibrate;

namespace {

// Two layers; both attentions are of one group, each MLP of its own. Powers of two, so that sums are exact.
LatencyModel known() {
  LatencyModel m;
  m.model = "two layers";
  m.backend = "none";
  m.instruction_set = "none";
  m.groups = {0, 1, 0, 2};
  m.base = {{1, 4, 8}, {1.0, 2.0, 4.0}};
  m.head = {{1, 4}, {16.0, 64.0}};
  m.project = {{1, 4}, {0.5, 0.75}};
  m.sublayers = {{{1, 4, 8}, {2.0, 4.0, 8.0}}, {{1, 4, 8}, {8.0, 16.0, 32.0}}, {{1, 4, 8}, {32.0, 64.0, 128.0}}};
  m.prompt_entry = 0.25;
  m.decode_entry = 0.125;
  m.copied_row = 0.0625;
  m.scaled_row = 0.03125;
  m.observed_row = 0.015625;
  m.judged_row = 256.0;
  m.forked_entry = 0.0078125;
  m.segment = 512.0;
  m.token = 1024.0;
  return m;
}

Decisions skipping(std::initializer_list<std::size_t> sublayers, SkipDecision decision = {true}) {
  Decisions d(4);
  for (const std::size_t u : sublayers) d[u] = decision;
  return d;
}

StepWork step(const Decisions& decisions, int n, Phase phase, int held, int wanted) {
  StepWork work;
  work.clear(2);
  work.add(decisions, layers_that_store(decisions), std::vector<int>{held, held}, n, phase);
  work.wanted = wanted;
  return work;
}

}  // namespace

TEST_CASE("a curve is exact at its points, straight between them and proportional beyond") {
  const auto at = [](int n) {
    const Curve curve{{1, 4, 8}, {1.0, 2.5, 4.0}};
    double sum = 0;
    curve.weigh(n, [&](std::size_t i, double weight) { sum = std::fma(curve.seconds[i], weight, sum); });
    return sum;
  };
  CHECK(at(0) == 0);
  CHECK(at(1) == 1.0);
  CHECK(at(2) == doctest::Approx(1.5));
  CHECK(at(4) == 2.5);
  CHECK(at(6) == doctest::Approx(3.25));
  CHECK(at(8) == 4.0);
  CHECK(at(16) == 8.0);
}

TEST_CASE("one branch: a prompt of 4 and 3 tokens are a step of 4 rows and two of one") {
  const LatencyModel m = known();
  const Decisions all(4);
  // Prompt: base 2, head 16, attention 2 x 4, MLPs 16 + 64; its rows see 1 + 2 + 3 + 4 entries in each of two layers.
  const double prompt = 2 + 16 + 8 + 80 + 0.25 * 20;
  // Tokens: base 1, head 16, attention 2 x 2, MLPs 8 + 32; they see 5, then 6 entries.
  const double first = 1 + 16 + 4 + 40 + 0.125 * 10, second = 1 + 16 + 4 + 40 + 0.125 * 12;
  const StageShape shape{{{4, 3}}};
  CHECK(m.stage_seconds(shape, all, all) == prompt + first + second + 3 * 512 + 4 * 1024);
  StageShape judged = shape;
  judged.signals = true;
  CHECK(m.stage_seconds(judged, all, all) - m.stage_seconds(shape, all, all) == 3 * 256);
  StageShape observed = shape;
  observed.moments = true;  // of 4 + 1 + 1 rows in 4 sub-layers
  CHECK(m.stage_seconds(observed, all, all) - m.stage_seconds(shape, all, all) == 0.015625 * 24);
  StageShape reused = shape;
  reused.reused = 3;  // one row is left: base 1, attention 4, MLPs 40, seeing 4 entries
  CHECK(m.stage_seconds(reused, all, all) == 1 + 16 + 4 + 40 + 0.25 * 8 + first + second + 3 * 512 + 4 * 1024);
}

TEST_CASE("generating one token or none runs the prompt alone") {
  const LatencyModel m = known();
  const Decisions all(4);
  CHECK(m.stage_seconds({{{4, 1}}}, all, all) == 2 + 16 + 8 + 80 + 0.25 * 20 + 512 + 4 * 1024);
  CHECK(m.stage_seconds({{{4, 0}}}, all, all) == m.stage_seconds({{{4, 1}}}, all, all));
}

TEST_CASE("a look-ahead's text is forwarded with the newest token, then each token read but the last in its own step") {
  const LatencyModel m = known();
  const Decisions all(4);
  StageShape shape{{{4, 3}}};
  const double plain = m.stage_seconds(shape, all, all);
  // n rows that see `held` entries and themselves in each of two layers.
  const auto rows = [](int n, int held) {
    const double base = n == 4 ? 2 : 1, sublayers = n == 4 ? 8 + 80 : 4 + 40;
    return base + 16 + sublayers + 0.125 * 2 * (n * held + n * (n + 1) / 2);
  };
  // The second token, at position 5, is forwarded with the text: two of four rows want logits, 16 seconds more than
  // one.
  shape.branches[0].look_aheads = {{2, 3, 1}};
  const double with_text = plain - rows(1, 5) + rows(4, 5) + 16;
  CHECK(m.stage_seconds(shape, all, all) == doctest::Approx(with_text).epsilon(1e-14));
  // Without a text, the look-ahead reads what the model writes after the token, which costs nothing.
  shape.branches[0].look_aheads = {{2, 0, 1}};
  CHECK(m.stage_seconds(shape, all, all) == plain);
  // The second look-ahead is the last thing that the branch does, so its token is forwarded for it alone.
  shape.branches[0].look_aheads = {{2, 3, 2}, {3, 0, 1}};
  CHECK(m.stage_seconds(shape, all, all) == doctest::Approx(with_text + rows(1, 9) + rows(1, 6) + 512).epsilon(1e-14));
  // Words that are injected after a look-ahead are forwarded with the token, which then is forwarded twice.
  shape.branches[0].look_aheads = {{2, 3, 1}};
  shape.branches[0].injected_tokens = 3;
  shape.branches[0].injected_at = 2;
  CHECK(m.stage_seconds(shape, all, all) ==
        doctest::Approx(plain - rows(1, 5) + 2 * rows(4, 5) + 16 + 512).epsilon(1e-14));
}

TEST_CASE("an injected text is forwarded with the token before it, and later tokens see it") {
  const LatencyModel m = known();
  const Decisions all(4);
  StageShape shape{{{4, 4}}};
  const auto decode = [](int n, int held) {
    const double base = n == 4 ? 2 : 1, sublayers = n == 4 ? 8 + 80 : 4 + 40;
    return base + 16 + sublayers + 0.125 * 2 * (n * held + n * (n + 1) / 2);
  };
  const double plain = m.stage_seconds(shape, all, all);
  shape.branches[0].injected_tokens = 3;
  shape.branches[0].injected_at = 2;
  CHECK(m.stage_seconds(shape, all, all) == plain - decode(1, 5) - decode(1, 6) + decode(4, 5) + decode(1, 9));
  shape.branches[0].injected_at = 4;  // the branch ends with it, so it is not forwarded
  CHECK(m.stage_seconds(shape, all, all) == plain);
}

TEST_CASE("what the prefill skipped is not seen by decoded tokens, and the other way round") {
  const LatencyModel m = known();
  const Decisions all(4), no_a0 = skipping({0}), no_a0_kept = skipping({0}, {true, 1, KvOnSkip::project});
  const double other = 512 * 3 + 1024 * 4;
  const auto token = [](int entries) { return 1 + 16 + 4 + 40 + 0.125 * entries; };
  // Attention 0 finds its own tokens only: 1 and 2, where attention 1 finds 5 and 6.
  CHECK(m.stage_seconds({{{4, 3}}}, no_a0, all) == 2 + 16 + 4 + 80 + 0.25 * 10 + token(1 + 5) + token(2 + 6) + other);
  // With K/V stored all the same (0.75 for 4 rows) it finds everything.
  CHECK(m.stage_seconds({{{4, 3}}}, no_a0_kept, all) ==
        2 + 16 + 4 + 0.75 + 80 + 0.25 * 10 + token(10) + token(12) + other);
  CHECK(m.stage_seconds({{{4, 3}}}, all, no_a0) ==
        2 + 16 + 8 + 80 + 0.25 * 20 + (token(5) - 2) + (token(6) - 2) + other);
}

TEST_CASE("K/V is copied from below where there is something below; scaling and copying cost by the row") {
  const LatencyModel m = known();
  const SkipDecision copy{true, 1.5f, KvOnSkip::copy_below};
  const StepWork lower = step(skipping({0}, copy), 4, Phase::prefill, 0, 0);
  CHECK(lower.copied == 0);
  CHECK(lower.scaled == 4);
  const StepWork upper = step(skipping({2, 3}, copy), 4, Phase::prefill, 0, 0);
  CHECK(upper.copied == 4);
  CHECK(upper.scaled == 8);
  CHECK(m.step_seconds(upper) == 2 + 4 + 16 + 0.25 * 10 + 0.0625 * 4 + 0.03125 * 8);
  CHECK(layers_that_store(skipping({0, 2}, copy)) == std::vector<std::uint8_t>{0, 0});
  CHECK(layers_that_store(skipping({2}, copy)) == std::vector<std::uint8_t>{1, 1});
}

TEST_CASE("a row reads no more entries than its window has positions") {
  for (const int held : {0, 1, 4, 5, 9}) {
    for (const int n : {1, 3, 8}) {
      for (const int window : {0, 1, 5, 100}) {
        int sum = 0;
        for (int i = 1; i <= n; ++i) sum += window == 0 ? held + i : std::min(held + i, window);
        CHECK(entries_read(held, n, window) == sum);
      }
    }
  }
  LatencyModel m = known();
  const Decisions all(4);
  const StageShape shape{{{6, 3}}};
  const double plain = m.stage_seconds(shape, all, all);
  m.windows = {4, 0};
  // The prompt's rows 5 and 6 read 4 instead of 5 and 6, the decoded ones 4 instead of 7 and 8; in layer 0.
  CHECK(m.stage_seconds(shape, all, all) == doctest::Approx(plain - 0.25 * 3 - 0.125 * 7).epsilon(1e-14));
}

TEST_CASE("K/V is copied from below only between layers that turn their keys alike") {
  const SkipDecision copy{true, 1, KvOnSkip::copy_below};
  Decisions decisions(6);
  decisions[2] = decisions[4] = copy;
  CHECK(layers_that_store(decisions, std::vector<int>{0, 2, 0}) == std::vector<std::uint8_t>{1, 0, 1});
  CHECK(layers_that_store(decisions, std::vector<int>{0, 2, 2}) == std::vector<std::uint8_t>{1, 0, 0});
  CHECK(layers_that_store(decisions) == std::vector<std::uint8_t>{1, 1, 1});
}

TEST_CASE("windows and kinds of RoPE are kept in files, which may lack them") {
  LatencyModel m = known();
  CHECK(m.to_form().find("windows") == nullptr);
  m.windows = {4, 0};
  m.ropes = {1, 0};
  CHECK(LatencyModel::from_form(m.to_form(), Where("plan")) == m);
  m.windows = {4};
  CHECK(test::error_of([&] { static_cast<void>(LatencyModel::from_form(m.to_form(), Where("plan"))); }) ==
        "plan, windows: found 1 numbers, expected 2, one to a layer");
  ModelConfig config;
  config.n_layers = 2;
  config.window = 7;
  config.layer_kinds = {{LayerRope::none, false}, {LayerRope::local, true}};
  LatencyModel of_config;
  of_config.set_layers(config, {0, 1, 0, 1});
  CHECK(of_config.windows == std::vector<int>{0, 7});
  CHECK(of_config.ropes == std::vector<int>{2, 1});
}

TEST_CASE("branches share a prefix, run their own prompts in one step and then decode together") {
  const LatencyModel m = known();
  const Decisions all(4);
  StageShape shape{{{6, 1}, {6, 2}}};
  shape.shared = 4;
  const double prefix = 2 + 8 + 80 + 0.25 * 20;  // no logits
  // Two rows each after 4: four rows that see 5 + 6 entries twice in two layers; two want logits.
  const double head_of_two = 16 + 48.0 / 3;
  const double own = 2 + head_of_two + 8 + 80 + 0.25 * 44;
  const double last = 1 + 16 + 4 + 40 + 0.125 * 14;  // the second branch alone
  CHECK(m.stage_seconds(shape, all, all) ==
        doctest::Approx(prefix + own + last + 0.0078125 * 8 + 4 * 512 + 12 * 1024).epsilon(1e-14));
  shape.reused = 4;  // the whole prefix
  CHECK(m.stage_seconds(shape, all, all) ==
        doctest::Approx(own + last + 0.0078125 * 8 + 4 * 512 + 12 * 1024).epsilon(1e-14));
}

TEST_CASE("a step holds step_rows rows, filled branch by branch, so that one branch decodes beside another's prompt") {
  const Decisions all(4);
  const StageShape shape{{{3, 3}, {6, 1}}};
  StageSteps steps(shape, 4, all, all);
  StepWork work;
  std::vector<std::vector<double>> seen;  // rows, wanted, prompt entries, decode entries
  while (steps.next(work)) {
    seen.push_back({double(work.rows), double(work.wanted), work.prompt_entries / 2, work.decode_entries / 2});
  }
  CHECK(seen == std::vector<std::vector<double>>{{4, 1, 6 + 1, 0}, {4, 1, 2 + 3 + 4, 4}, {3, 2, 5 + 6, 5}});
  // More branches than rows in a step: each still gets one.
  StageSteps narrow({{{1, 2}, {1, 2}, {1, 2}}}, 2, all, all);
  REQUIRE(narrow.next(work));
  CHECK(work.rows == 3);
}

TEST_CASE("shapes that cannot be are refused") {
  const LatencyModel m = known();
  const Decisions all(4);
  const auto refused = [&](const StageShape& shape) {
    CHECK_THROWS_AS(static_cast<void>(m.stage_seconds(shape, all, all)), AssertionError);
  };
  refused({});
  refused({{{0, 1}}});
  refused({{{4, 1}}, 4});
  refused({{{4, 1}}, 0, 4});
  refused({{{4, 1}}, 2, 3});
  refused({{{4, 1}}, -1});
  CHECK_THROWS_AS(static_cast<void>(m.stage_seconds({{{4, 1}}}, Decisions(6), Decisions(6))), AssertionError);
}

TEST_CASE("a fit recovers the coefficients that measurements were made of") {
  const LatencyModel truth = known();
  const std::vector<Decisions> masks = {Decisions(4),
                                        skipping({0, 1, 2, 3}),
                                        skipping({0, 2}),
                                        skipping({1}),
                                        skipping({3}),
                                        skipping({0, 2}, {true, 1, KvOnSkip::project}),
                                        skipping({2}, {true, 1, KvOnSkip::copy_below}),
                                        skipping({3}, {true, 1.5f})};
  std::vector<Measurement> measurements;
  for (const Decisions& mask : masks) {
    for (const int n : {1, 2, 3, 4, 6, 8}) {
      for (const int held : {0, 100}) {
        for (const Phase phase : {Phase::prefill, Phase::decode}) {
          StepWork work = step(mask, n, phase, held, held > 0 ? n : 0);
          if (n == 3) work.judged = work.wanted;
          if (n == 6) work.observe();
          measurements.push_back({work, truth.step_seconds(work)});
        }
      }
    }
  }
  LatencyModel fitted = truth;
  for (double* c : fitted.coefficients()) *c = 7;
  fit(fitted, measurements);
  LatencyModel exact = truth;
  const std::vector<double*> expected = exact.coefficients(), found = fitted.coefficients();
  REQUIRE(expected.size() == found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(*found[i] == doctest::Approx(*expected[i]).epsilon(1e-9));
  }
  CHECK(fitted.token == truth.token);  // no step tells of it
}

TEST_CASE("a fit makes no cost negative, and what no measurement mentions is 0") {
  LatencyModel m = known();
  std::vector<Measurement> measurements;
  for (const int n : {1, 4, 8}) {
    // Longer contexts took less time: noise.
    measurements.push_back({step(Decisions(4), n, Phase::decode, 10, 0), 1.1 * n});
    measurements.push_back({step(Decisions(4), n, Phase::decode, 500, 0), 1.0 * n});
  }
  fit(m, measurements);
  for (const double* c : m.coefficients()) CHECK(*c >= 0);
  CHECK(m.decode_entry == 0);
  CHECK(m.prompt_entry == 0);
  CHECK(m.head.seconds == std::vector<double>{0, 0});
  CHECK(m.step_seconds(measurements[2].work) == doctest::Approx(4.2).epsilon(0.01));
}

TEST_CASE("a model survives its form, and so do its predictions, to the bit") {
  LatencyModel m = known();
  m.kv = KvType::f32;
  m.prompt_entry = 0.1 + 0.2;  // no short decimal
  m.base.seconds = {1.0 / 3, 2.0 / 3, 1e-300};
  const LatencyModel again = LatencyModel::from_form(m.to_form(), "plan.json, latency");
  CHECK(again == m);
  const Decisions all(4);
  CHECK(again.stage_seconds({{{37, 5}}}, all, all) == m.stage_seconds({{{37, 5}}}, all, all));
}

TEST_CASE("a hostile form is one clear error") {
  const auto with = [](const std::string& key, const Form& value) {
    Form::Map members = known().to_form().map("");
    for (auto& [k, v] : members) {
      if (k == key) v = value;
    }
    return Form(members);
  };
  const auto without = [](const std::string& key) {
    Form::Map members;
    const Form whole = known().to_form();
    for (const auto& member : whole.map("")) {
      if (member.first != key) members.push_back(member);
    }
    return Form(members);
  };
  const auto curve = [](const Form& rows, const Form& seconds) {
    return Form().add("rows", rows).add("seconds", seconds);
  };
  const auto list = [](std::initializer_list<double> values) { return Form(Form::List(values.begin(), values.end())); };
  const auto ints = [](std::initializer_list<int> values) { return Form(Form::List(values.begin(), values.end())); };
  const auto error = [](const Form& form) {
    return test::error_of([&] { static_cast<void>(LatencyModel::from_form(form, "j")); });
  };
  CHECK(error(Form(3)).find("j: found 3, expected a latency model with model, backend") == 0);
  CHECK(error(without("token")) == "j: key \"token\" is missing");
  CHECK(error(without("sublayers")) == "j: key \"sublayers\" is missing");
  CHECK(error(with("token", -1.0)).find("j, token: found -1, expected a finite number from 0") == 0);
  CHECK(error(with("token", std::numeric_limits<double>::quiet_NaN())).find("j, token: found nan") == 0);
  CHECK(error(with("token", std::numeric_limits<double>::infinity())).find("j, token: found inf") == 0);
  CHECK(error(with("threads", 0)).find("j, threads: found 0") == 0);
  CHECK(error(with("kv", "f8")) == "j, kv: found \"f8\", expected one of f16, f32, q8_0");
  CHECK(error(with("groups", ints({0, 1, 0, 3}))) ==
        "j, groups: found 3, expected numbers below 3, the curves of `sublayers`");
  CHECK(error(with("groups", ints({0, 1, 0, -1}))).find("j, groups[3]: found -1") == 0);
  CHECK(error(with("groups", ints({0, 1, 0}))).find("j, groups: found 3 numbers") == 0);
  CHECK(error(with("groups", ints({}))).find("j, groups: found 0 numbers") == 0);
  CHECK(error(with("base", Form())).find("j, base: found null") == 0);
  CHECK(error(with("base", curve(ints({1, 4}), list({1.0})))) ==
        "j, base.seconds: found 1 numbers, expected 2, one to each of `rows`");
  CHECK(error(with("base", curve(ints({}), list({})))) ==
        "j, base.rows: found none, expected row counts ascending from 1");
  CHECK(error(with("base", curve(ints({2, 4}), list({1.0, 2.0})))) ==
        "j, base.rows: found 2 first, expected row counts ascending from 1");
  CHECK(error(with("base", curve(ints({1, 4, 4}), list({1.0, 2.0, 3.0})))) ==
        "j, base.rows: found 4 after 4, expected row counts ascending from 1");
  CHECK(error(with("base", curve(ints({1}), list({-1e-9})))).find("j, base.seconds[0]: found -1e-09") == 0);
  Form::Map more = known().to_form().map("");
  more.emplace_back("speed", 1);
  CHECK(error(Form(more)).find("j: key \"speed\" is unknown") == 0);
  more.back() = {"token", 1};
  CHECK(error(Form(more)).find("j: key \"token\" is given twice") == 0);
}

TEST_CASE("sub-layers of one kind and type share a group") {
  test::TinyModelOptions options;
  const ModelSource source = test::tiny_model(test::tiny_config(), options);
  CHECK(sublayer_groups(source.tensors) == std::vector<int>{0, 1, 0, 1, 0, 1, 0, 1});
  ModelTensors mixed = source.tensors;
  mixed.layers[2].w_down.type = DType::q8_0;
  mixed.layers[3].wv.type = DType::q8_0;
  CHECK(sublayer_groups(mixed) == std::vector<int>{0, 1, 0, 1, 0, 2, 3, 1});
}

TEST_CASE_TEMPLATE("the probe measures a tiny model: all is finite and nothing negative", B, CpuBackend,
                   ReferenceBackend) {
  B backend;
  const ModelSource source = test::tiny_model(test::tiny_config());
  const Model<B> model = load(backend, source);
  double done = 0;
  ProbeOptions options;
  options.seconds = 0.2;
  options.model = "tiny";
  options.step_rows = 64;
  options.encode = [] { return std::size_t{5}; };
  options.on_progress = [&](double share) {
    CHECK(share >= 0);
    CHECK(share <= 1);
    done = share;
  };
  LatencyModel m = measure_latency(LanguageModel(backend, model, test::ToyTokenizer()), options);
  CHECK(done == 1);
  CHECK(m.model == "tiny");
  CHECK(m.backend == backend.name());
  CHECK(m.instruction_set == backend.instruction_set());
  CHECK(m.threads >= 1);
  CHECK(m.step_rows == 64);
  CHECK(m.n_sublayers() == 8);
  for (const double* c : m.coefficients()) {
    CHECK(std::isfinite(*c));
    CHECK(*c >= 0);
  }
  for (const double c : {m.forked_entry, m.segment, m.token}) {
    CHECK(std::isfinite(c));
    CHECK(c >= 0);
  }
  const Decisions all(8);
  const double seconds = m.stage_seconds({{{70, 9}, {80, 3}}, 50}, all, all);
  CHECK(std::isfinite(seconds));
  CHECK(seconds > 0);
  CHECK(LatencyModel::from_form(m.to_form(), "form") == m);
}
