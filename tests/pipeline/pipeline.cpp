// The pipeline on small random models: why stages end, how answers are scored, and that a question's texts do not
// depend on questions that run in parallel.
#include "litestage/pipeline/pipeline.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "common/close.hpp"
#include "common/error_of.hpp"
#include "common/pipeline_setting.hpp"

using namespace litestage;
using namespace litestage::test;

TEST_CASE("pipeline: Never is the bare session, token for token") {
  with_settings([](auto& s) {
    const OneStage stage{{"only", 20, {}}, {"What is hard?"}};
    const StageReport report = ask(s, stage, {.generation = {.sampler = {}, .ignore_eos = true}});
    CHECK(report.branches.at(0).tokens == greedy(s, toy.encode(stage.prompts(0, {})[0]), 20));
    CHECK(report.prompt_tokens == 13);
    CHECK(report.generated_tokens == 20);
    CHECK(report.sublayers_skipped == 0);
    CHECK(report.sublayers_skipped_mean == 0);
  });
}

TEST_CASE("pipeline: a choice of one policy is the policy") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    skip::Static mask;
    mask.stages["recall"] = {{Unit::mlp, 1}};
    mask.stages["all"] = {{Unit::attention, 2}, {Unit::mlp, 0}};
    const early_exit::LowConfidence<> low{{}, 2, 0.05f, WarmUp::full};
    Pipeline<B, skip::Static, early_exit::LowConfidence<>, stages::TinyThinker> plain({s.backend, s.model, toy}, mask,
                                                                                      low, thinker);
    Pipeline<B, skip::OneOf<skip::Never, skip::Static>,
             early_exit::OneOf<early_exit::Never, early_exit::LowConfidence<>>,
             stages::OneOf<stages::Single, stages::TinyThinker>>
        chosen({s.backend, s.model, toy}, mask, low, thinker);
    Pipeline<B, skip::Never, early_exit::Never, stages::TinyThinker> never({s.backend, s.model, toy}, {}, {}, thinker);
    Pipeline<B, skip::Standard, early_exit::Standard, stages::TinyThinker> chosen_never(
        {s.backend, s.model, toy}, skip::Never{}, early_exit::Never{}, thinker);
    const std::vector<Question> asked = questions(4);
    const auto expected = timeless(plain.run(asked));
    CHECK(timeless(chosen.run(asked)) == expected);
    CHECK(timeless(never.run(asked)) != expected);
    CHECK(timeless(never.run(asked)) == timeless(chosen_never.run(asked)));
    CHECK(expected[0].stages[0].sublayers_skipped == 1);
    CHECK(expected[0].stages[1].sublayers_skipped == 2);
    CHECK(expected[0].stages[1].sublayers_skipped_mean == 2);
  });
}

namespace {

// Checks that some branches stop early and some tokens skip; otherwise comparing the reports would show little.
void check_variety(const std::vector<QuestionReport>& reports, bool skips) {
  int exits = 0, caps = 0, skipped = 0;
  for (const QuestionReport& q : reports) {
    for (const StageReport& stage : q.stages) {
      skipped += stage.sublayers_skipped;
      for (const BranchReport& b : stage.branches) (b.stop == StopReason::cap ? caps : exits) += 1;
    }
  }
  CHECK(exits > 0);
  CHECK(caps > 0);
  if (skips) CHECK(skipped > 0);
}

// Checks that reports depend neither on questions that run in parallel nor on the earlier contents of slots.
template <class B, class Skip>
void check_company(Setting<B>& s, const Skip& skip, const StageRunOptions& generation) {
  const early_exit::LowConfidence<> low{{}, 3, 0.016f, WarmUp::full};
  const std::vector<Question> asked = questions(6);
  std::vector<QuestionReport> expected;
  struct Way {
    std::size_t batch, step_rows;
  };
  for (const Way& way : {Way{1, 512}, Way{4, 64}, Way{16, 1}}) {
    CAPTURE(way.batch);
    CAPTURE(way.step_rows);
    PipelineOptions options;
    options.batch = way.batch;
    options.context = 300;
    options.step_rows = way.step_rows;
    options.generation = generation;
    options.score_letters = true;
    Pipeline<B, Skip, early_exit::LowConfidence<>, stages::TinyThinker> pipeline({s.backend, s.model, toy}, skip, low,
                                                                                 thinker, options);
    const auto found = timeless(pipeline.run(asked));
    if (expected.empty()) {
      expected = found;
      check_variety(expected, Skip::stats != Stat::none);
    }
    REQUIRE(found.size() == asked.size());
    for (std::size_t q = 0; q < asked.size(); ++q) {
      CAPTURE(q);
      CHECK(found[q] == expected[q]);
      CHECK(found[q].id == asked[q].id);
      CHECK(found[q].letter_logits.size() == asked[q].options.size());
    }
    // The slots hold entries of the last run.
    if (way.batch == 4) CHECK(timeless(pipeline.run(asked)) == expected);
  }
}

}  // namespace

TEST_CASE("pipeline: what a question writes does not depend on its company, nor on what slots held") {
  with_settings([](auto& s) {
    StageRunOptions sampled;
    sampled.sampler.temperature = 0.9;
    sampled.sampler.top_k = 20;
    sampled.sampler.seed = 5;
    check_company(s, skip::Never{}, sampled);
    skip::Static decoding;  // prompts run in full, so that means depend on which tokens are counted
    decoding.stages["all"] = {{Unit::attention, 1}, {Unit::mlp, 2}};
    decoding.phase = Phases::decode;
    decoding.kv = KvOnSkip::project;
    check_company(s, decoding, {});
    check_company(s, CuriousSkip{}, {});
  });
}

TEST_CASE("pipeline: stop strings over several tokens, end tokens, caps and a full context") {
  with_settings([](auto& s) {
    PipelineOptions on;
    on.generation.ignore_eos = true;
    OneStage stage{{"only", 16, {}}, {"Begin"}};
    const BranchReport free = ask(s, stage, on).branches[0];
    REQUIRE(free.tokens.size() == 16);
    CHECK(free.stop == StopReason::cap);
    const std::string text = free.text;

    stage.info.stop = {"never seen", text.substr(5, 3)};
    const std::size_t at = text.find(text.substr(5, 3));
    const StageReport stopped = ask(s, stage, on);
    CHECK(stopped.branches[0].text == text.substr(0, at));
    CHECK(stopped.branches[0].stop == StopReason::stop_string);
    CHECK(stopped.generated_tokens == static_cast<int>(at) + 3);
    CHECK(stopped.branches[0].tokens.size() == at + 2);

    stage.info.stop.clear();
    EndingTokenizer ending;
    ending.last = free.tokens[6];
    const auto end = std::find(free.tokens.begin(), free.tokens.end(), ending.last);
    const StageReport ended = ask(s, stage, {}, early_exit::Never{}, skip::Never{}, ending);
    CHECK(ended.branches[0].tokens == std::vector<int>(free.tokens.begin(), end));
    CHECK(ended.branches[0].stop == StopReason::eos);
    CHECK(ended.generated_tokens == static_cast<int>(end - free.tokens.begin()) + 1);
    CHECK(ask(s, stage, on, early_exit::Never{}, skip::Never{}, ending).branches[0].tokens == free.tokens);

    for (const std::size_t room : {0, 1, 3}) {  // the last token is chosen but has no place of its own
      on.context = 5 + room;
      const BranchReport full = ask(s, stage, on).branches[0];
      CHECK(full.stop == StopReason::context);
      CHECK(full.tokens == std::vector<int>(free.tokens.begin(), free.tokens.begin() + static_cast<int>(room) + 1));
    }
    on.context = 4;
    CHECK(ask(s, stage, on).branches.empty());  // no room for the prompt
  });
}

TEST_CASE("pipeline: a report says how many positions of the K/V cache the longest branch took, letters included") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    const std::vector<Question> asked = questions(3);
    const auto answer = [&](PipelineOptions options) {
      Pipeline<B, skip::Never, early_exit::Never, stages::TinyThinker> pipeline({s.backend, s.model, toy}, {}, {},
                                                                                thinker, std::move(options));
      return pipeline.run(asked[2]);
    };
    for (const bool letters : {false, true}) {
      CAPTURE(letters);
      PipelineOptions options;
      options.score_letters = letters;
      const QuestionReport report = answer(options);
      CHECK(report.positions > report.stages[0].prompt_tokens);
      options.context = static_cast<std::size_t>(report.positions);  // just enough, and one too few
      QuestionReport same = answer(options);
      REQUIRE(same.stages.size() == report.stages.size());
      for (std::size_t i = 0; i < report.stages.size(); ++i)
        CHECK(same.stages[i].branches == report.stages[i].branches);
      CHECK(same.letter_logits == report.letter_logits);
      CHECK(same.positions == report.positions);
      --options.context;
      const QuestionReport other = answer(options);
      bool differs = other.no_room.has_value();
      for (const StageReport& stage : other.stages) {
        for (const BranchReport& b : stage.branches) differs = differs || b.stop == StopReason::context;
      }
      CHECK(differs);
    }
  });
}

TEST_CASE("pipeline: the context that nobody sets is 1024, or the model's where that is smaller") {
  with_settings([](auto& s) {
    const OneStage stage{{"only", 1200, {}}, {"Hello"}};
    PipelineOptions on;
    on.generation.ignore_eos = true;
    REQUIRE(s.model.config.max_context < 1024);
    const BranchReport branch = ask(s, stage, on).branches[0];
    CHECK(branch.stop == StopReason::context);  // at 5 tokens of the prompt and all of the answer but its last
    CHECK(branch.generated_tokens == s.model.config.max_context - 5 + 1);
    // A given context is used even if it exceeds the model's.
    on.context = static_cast<std::size_t>(s.model.config.max_context) + 7;
    CHECK(ask(s, stage, on).branches[0].generated_tokens == branch.generated_tokens + 7);
  });
}

TEST_CASE("pipeline: letters are scored as the logits after the probe") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    PipelineOptions options;
    options.score_letters = true;
    Pipeline<B, skip::Never, early_exit::Never, stages::TinyThinker> pipeline({s.backend, s.model, toy}, {}, {},
                                                                              thinker, options);
    const Question q = questions(3)[2];
    const QuestionReport report = pipeline.run(q);
    Transcript t{q, {{report.stages[0].branches[0].text}, {}}};
    for (const BranchReport& b : report.stages[1].branches) t.outputs[1].push_back(b.text);
    Prompt prompt = thinker.prompts(2, t)[0];
    prompt.continuation += " So the answer is option ";
    std::vector<typename B::Real> logits;
    static_cast<void>(greedy(s, toy.encode(prompt), 1, &logits));
    REQUIRE(report.letter_logits.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(report.letter_logits[i] == static_cast<float>(logits[static_cast<std::size_t>('A' - ' ') + i]));
    }
  });
}

TEST_CASE("pipeline: sampling; temperature 0 and the likeliest one are greedy, a seed decides the rest") {
  with_settings([](auto& s) {
    const OneStage stage{{"only", 12, {}}, {"Go A", "Go B"}};
    const auto sampled = [&](double temperature, int top_k, std::uint64_t seed) {
      PipelineOptions options;
      options.branches = 2;
      options.generation.ignore_eos = true;
      options.generation.sampler.temperature = temperature;
      options.generation.sampler.top_k = top_k;
      options.generation.sampler.seed = seed;
      return ask(s, stage, options).branches;
    };
    const auto greedily = sampled(0, 0, 1);
    CHECK(sampled(0, 5, 2) == greedily);
    CHECK(sampled(1, 1, 3) == greedily);
    CHECK(sampled(1, 0, 4) != greedily);
    CHECK(sampled(1, 0, 4) == sampled(1, 0, 4));
    CHECK(sampled(1, 0, 4) != sampled(1, 0, 5));
  });
}

TEST_CASE("pipeline: errors name the question, what was found and what is expected") {
  Setting<ReferenceBackend> s{ReferenceBackend()};
  const auto fails = [&](const auto& stages, const PipelineOptions& options, const Question& q) {
    Pipeline<ReferenceBackend, skip::Never, early_exit::Never, std::decay_t<decltype(stages)>> pipeline(
        {s.backend, s.model, toy}, {}, {}, stages, options);
    return error_of([&] { static_cast<void>(pipeline.run(q)); });
  };
  CHECK(fails(thinker, {.branches = 2}, questions(3)[2]) ==
        "question q2, stage analyze has 4 branches, expected 1 to 2 (the branches of the pipeline)");
  CHECK(fails(OneStage{{"only", 1, {}}, {}}, {}, {.id = "q", .stem = "", .options = {}}) ==
        "question q, stage only has 0 branches, expected 1 to 1 (the branches of the pipeline)");
  CHECK(fails(OneStage{{"only", 1, {}}, {""}}, {}, {.id = "q", .stem = "", .options = {}}) ==
        "question q: the prompt has no tokens, expected one or more");
  PipelineOptions scoring;
  scoring.score_letters = true;
  CHECK(fails(OneStage{}, scoring, {.id = "q", .stem = "", .options = {}}) ==
        "the schedule does not state answers, so option letters cannot be scored");
  CHECK_THROWS_AS((Pipeline<ReferenceBackend>({s.backend, s.model, toy}, {}, {}, {}, {.batch = 0})), AssertionError);
}

TEST_CASE("pipeline: reports come as questions end, and a run may be ended early") {
  Setting<ReferenceBackend> s{ReferenceBackend()};
  PipelineOptions options;
  options.batch = 2;
  Pipeline<ReferenceBackend, skip::Never, early_exit::Never, stages::TinyThinker> pipeline({s.backend, s.model, toy},
                                                                                           {}, {}, thinker, options);
  const std::vector<Question> asked = questions(6);
  std::vector<std::size_t> told;
  const auto all = pipeline.run(asked, [&](std::size_t i, const QuestionReport& r) {
    told.push_back(i);
    CHECK(r.id == asked[i].id);
    return true;
  });
  REQUIRE(all.size() == 6);
  std::sort(told.begin(), told.end());
  CHECK(told == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  int left = 3;
  const auto some = pipeline.run(asked, [&](std::size_t, const QuestionReport&) { return --left > 0; });
  CHECK(some.size() >= 3);
  CHECK(some.size() <= 4);
  CHECK(pipeline.run(std::span<const Question>()).empty());
  CHECK(timeless({pipeline.run(asked[4])}) == timeless({all[4]}));
}

TEST_CASE("pipeline: a question that outgrows the context ends alone and says so; the others write what they would") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    std::vector<Question> asked = questions(4);
    const auto run = [&](std::size_t context, std::size_t batch, bool letters) {
      PipelineOptions options;
      options.context = context;
      options.batch = batch;
      options.branches = 5;
      options.score_letters = letters;
      Pipeline<B, skip::Never, early_exit::Never, stages::TinyThinker> pipeline({s.backend, s.model, toy}, {}, {},
                                                                                thinker, options);
      std::vector<std::size_t> told;
      auto reports = timeless(pipeline.run(asked, [&](std::size_t question, const QuestionReport&) {
        told.push_back(question);
        return true;
      }));
      std::sort(told.begin(), told.end());
      CHECK(told == std::vector<std::size_t>{0, 1, 2, 3});
      return reports;
    };
    const auto roomy = run(1000, 1, true);
    // Contexts that are too short for the first stage, for a later stage, and only for the letters.
    asked[1].stem += std::string(250, 'x');  // longer than all others in any stage
    const std::size_t first_prompt = toy.encode(thinker.prompts(0, {asked[1], {}})[0]).size();
    const auto last_prompt = static_cast<std::size_t>(run(1000, 1, false)[1].stages[2].prompt_tokens);
    REQUIRE(first_prompt < last_prompt);
    for (const std::size_t context : {first_prompt - 1, first_prompt, last_prompt}) {
      CAPTURE(context);
      const auto reports = run(context, context == first_prompt ? 1 : 3, true);
      REQUIRE(reports.size() == 4);
      for (const std::size_t i : {0, 2, 3}) CHECK(reports[i] == roomy[i]);
      const QuestionReport& failed = reports[1];
      REQUIRE(failed.no_room.has_value());
      CHECK(failed.no_room->context == context);
      CHECK(failed.no_room->needed > context);
      CHECK(failed.letter_logits.empty());
      REQUIRE(failed.stages.size() == 3);
      for (std::size_t i = 0; i < 3; ++i) CHECK(failed.stages[i].name == thinker.stage(i).name);
      CHECK(failed.stages[0].branches.empty() == (context < first_prompt));
      CHECK(failed.stages[2].branches.empty() == (context < last_prompt));
    }
    CHECK_FALSE(run(last_prompt + 10, 2, false)[1].no_room.has_value());
    CHECK(run(first_prompt - 1, 2, true)[1].no_room == NoRoom{"recall", first_prompt, first_prompt - 1});
    CHECK(sentence(NoRoom{"recall", 9, 8}) == "stage recall needs 9 positions, the context has 8");
  });
}

TEST_CASE("pipeline: where no question fits, all end at once") {
  Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  PipelineOptions options;
  options.context = 5;
  options.batch = 2;
  Pipeline<CpuBackend, skip::Never, early_exit::Never, stages::TinyThinker> pipeline({s.backend, s.model, toy}, {}, {},
                                                                                     thinker, options);
  const auto reports = pipeline.run(questions(5));
  CHECK(reports.size() == 5);
  for (const QuestionReport& r : reports) CHECK(r.no_room.has_value());
  std::size_t told = 0;
  pipeline.run(questions(5), [&](std::size_t, const QuestionReport&) { return ++told < 2; });
  CHECK(told == 2);
}
