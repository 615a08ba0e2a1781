// Looking ahead and injecting, on small random models: neither changes what a branch writes otherwise, and what is read
// or written after the policy's words is what the model writes after a prompt with these words.
#include "litestage/engine/run/generation.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error_of.hpp"
#include "common/look_aheads.hpp"
#include "common/pipeline_setting.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// Injects after its n-th token, without looking ahead.
struct InjectsAt {
  static constexpr Signal signals = Signal::max_prob;
  static constexpr ExitAbility abilities = ExitAbility::inject;
  int at;
  Injection words;
  struct State {
    int tokens = 0;
  };
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State& s, const StepInfo&, const TokenStats&) const {
    return ++s.tokens == at ? Verdict::inject : Verdict::go_on;
  }
  [[nodiscard]] Injection injection(const State&) const { return words; }
};

// The reports without what look-aheads add to them.
[[nodiscard]] std::vector<QuestionReport> without_look_aheads(std::vector<QuestionReport> reports) {
  for (QuestionReport& q : reports) {
    q.positions = 0;
    for (StageReport& stage : q.stages) {
      stage.look_ahead_tokens = stage.look_ahead_text_tokens = 0;
      for (BranchReport& b : stage.branches) b.look_aheads.clear();
    }
  }
  return reports;
}

[[nodiscard]] int look_ahead_tokens(const std::vector<QuestionReport>& reports) {
  int n = 0;
  for (const QuestionReport& q : reports) {
    for (const StageReport& stage : q.stages) n += stage.look_ahead_tokens;
  }
  return n;
}

template <class B, class Skip>
void check_unchanged(Setting<B>& s, const Skip& skip, const StageRunOptions& generation, const Curious& curious = {}) {
  const std::vector<Question> asked = questions(6);
  PipelineOptions options;
  options.context = 300;
  options.generation = generation;
  options.score_letters = true;
  Pipeline<B, Skip, early_exit::Never, stages::TinyThinker> plain({s.backend, s.model, toy}, skip, {}, thinker,
                                                                  options);
  const std::vector<QuestionReport> expected = without_look_aheads(timeless(plain.run(asked)));
  std::vector<QuestionReport> first;
  struct Way {
    std::size_t batch, step_rows;
  };
  for (const Way& way : {Way{1, 512}, Way{4, 64}, Way{16, 1}}) {
    CAPTURE(way.batch);
    options.batch = way.batch;
    options.step_rows = way.step_rows;
    Pipeline<B, Skip, Curious, stages::TinyThinker> pipeline({s.backend, s.model, toy}, skip, curious, thinker,
                                                             options);
    const std::vector<QuestionReport> found = timeless(pipeline.run(asked));
    CHECK(without_look_aheads(found) == expected);
    CHECK(look_ahead_tokens(found) > 50);
    if (first.empty()) first = found;
    CHECK(found == first);
  }
}

[[nodiscard]] std::vector<int> prompt_tokens(const std::string& text) {
  return toy.encode({{{Role::text, text}}, ""});
}

}  // namespace

TEST_CASE("looking ahead changes no token, statistic or count of a branch, alone and in a batch") {
  with_settings([](auto& s) {
    StageRunOptions sampled;
    sampled.sampler.temperature = 0.9;
    sampled.sampler.seed = 5;
    check_unchanged(s, skip::Never{}, {});
    check_unchanged(s, skip::Never{}, sampled);
    skip::Static decoding;
    decoding.stages["all"] = {{Unit::attention, 1}, {Unit::mlp, 2}};
    decoding.phase = Phases::decode;
    decoding.kv = KvOnSkip::project;
    check_unchanged(s, decoding, {});
    check_unchanged(s, CuriousSkip{}, {});
    Curious wordless;  // reads the row of logits that the branch itself goes on with
    wordless.asks = {"", 2, {}};
    wordless.every = 1;
    check_unchanged(s, CuriousSkip{}, sampled, wordless);
  });
}

TEST_CASE("an observer learns nothing of a look-ahead, and what it is told comes in the same order") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    const auto told = [&]<class Exit>(const Exit& exit) {
      Pipeline<B, CuriousSkip, Exit, stages::TinyThinker, RecordingObserver> pipeline({s.backend, s.model, toy}, {},
                                                                                      exit, thinker, {.context = 300});
      static_cast<void>(pipeline.run(questions(3)));
      return std::pair(pipeline.observer().log, pipeline.observer().values);
    };
    const auto without = told(early_exit::Never{});
    const auto with = told(Curious{});
    CHECK(with.first == without.first);
    REQUIRE(with.second.size() == without.second.size());
    for (std::size_t i = 0; i < with.second.size(); ++i) {
      CHECK(with.second[i].cosine == without.second[i].cosine);
      CHECK(with.second[i].tokens == without.second[i].tokens);
    }
  });
}

TEST_CASE("looking ahead reads what the model writes after the text and the words") {
  with_settings([](auto& s) {
    const OneStage stage{{"only", 6, {}}, {"What is hard?"}};
    std::map<std::string, std::vector<LookAheadResult>> seen;
    Curious curious;
    curious.seen = &seen;
    const StageReport report = ask(s, stage, {.generation = {.sampler = {}, .ignore_eos = true}}, curious);
    const BranchReport& b = report.branches.at(0);
    REQUIRE(b.look_aheads.size() == 2);  // after tokens 2 and 4; the sixth ends the branch
    CHECK(report.look_ahead_tokens == 8);
    CHECK(report.look_ahead_text_tokens == 10);
    CHECK(report.generated_tokens == 6);
    for (std::size_t i = 0; i < 2; ++i) {
      const std::string so_far = b.text.substr(0, 2 * i + 2);
      std::vector<typename std::decay_t<decltype(s.backend)>::Real> logits;
      CHECK(b.look_aheads[i].tokens == greedy(s, prompt_tokens(concat("What is hard?", so_far, "\nSo: ")), 4));
      CHECK(b.look_aheads[i].at == static_cast<int>(2 * i + 2));
      CHECK(b.look_aheads[i].text_tokens == 5);
      const LookAheadResult& result = seen.at("q only").at(i);
      REQUIRE(result.tokens.size() == 4);
      CHECK(result.in_text == 4);
      std::string text;
      for (const TokenStats& t : result.tokens) {
        text += toy.piece(t.token);
        CHECK(t.max_prob > 0);
        CHECK(t.entropy > 0);
      }
      CHECK(result.text == text);
    }
  });
}

TEST_CASE("injecting after a look-ahead is injecting without one") {
  with_settings([](auto& s) {
    using B = std::decay_t<decltype(s.backend)>;
    const OneStage stage{{"only", 12, {}}, {"What is hard?"}};
    const auto told = [&]<class Exit>(const Exit& exit) {
      Pipeline<B, CuriousSkip, Exit, OneStage, RecordingObserver> pipeline(
          {s.backend, s.model, toy}, {}, exit, stage, {.generation = {.sampler = {}, .ignore_eos = true}});
      const std::vector<Question> one{{.id = "q", .stem = "", .options = {}}};
      return std::pair(without_look_aheads(timeless(pipeline.run(one))), pipeline.observer().log);
    };
    Curious curious;
    curious.at = 1;  // after the fourth token
    curious.verdict = Verdict::inject;
    const auto looked = told(curious);
    const auto did_not = told(InjectsAt{4, curious.words});
    CHECK(looked.first == did_not.first);
    CHECK(looked.second == did_not.second);
    CHECK(looked.first.at(0).stages.at(0).injected_tokens == 6);
  });
}

TEST_CASE("reading ahead ends at a stop string, at the end of the model's answer, and at its number of tokens") {
  with_settings([](auto& s) {
    const OneStage stage{{"only", 4, {}}, {"What is hard?"}};
    const PipelineOptions on{.generation = {.sampler = {}, .ignore_eos = true}};
    std::map<std::string, std::vector<LookAheadResult>> seen;
    Curious curious;
    curious.seen = &seen;
    const auto read = [&](const EndingTokenizer& tokenizer) {
      seen.clear();
      static_cast<void>(ask(s, stage, on, curious, skip::Never{}, tokenizer));
      return seen.at("q only").at(0);
    };
    const LookAheadResult whole = read({});
    CHECK(whole.text.size() == 4);
    curious.asks.stop = {"never", whole.text.substr(1, 2)};
    const LookAheadResult stopped = read({});
    CHECK(stopped.text == whole.text.substr(0, whole.text.find(whole.text.substr(1, 2))));
    CHECK(stopped.in_text == stopped.tokens.size() - 1);
    curious.asks.stop = {};
    EndingTokenizer ending;
    ending.last = whole.tokens[2].token;
    const LookAheadResult ended = read(ending);
    CHECK(ended.text == whole.text.substr(0, ended.in_text));
    CHECK(ended.in_text < 3);
    CHECK(ended.tokens.back().token == ending.last);
    curious.asks.max_tokens = 1;
    CHECK(read({}).tokens.size() == 1);
  });
}

TEST_CASE("a verdict after looking ahead ends the branch with the token before it kept, or injects") {
  with_settings([](auto& s) {
    const OneStage stage{{"only", 12, {"it"}}, {"What is hard?"}};
    const PipelineOptions on{.generation = {.sampler = {}, .ignore_eos = true}};
    const BranchReport free = ask(s, stage, on).branches.at(0);
    REQUIRE(free.text.size() == 12);
    Curious curious;
    curious.at = 1;
    curious.verdict = Verdict::stop_keep;
    const BranchReport stopped = ask(s, stage, on, curious).branches.at(0);
    CHECK(stopped.text == free.text.substr(0, 4));
    CHECK(stopped.stop == StopReason::exit);
    CHECK(stopped.generated_tokens == 4);

    curious.verdict = Verdict::inject;
    const StageReport report = ask(s, stage, on, curious);
    const BranchReport& injected = report.branches.at(0);
    const std::string before = free.text.substr(0, 4) + " it is";
    const std::vector<int> after = greedy(s, prompt_tokens("What is hard?" + before), 3);
    std::vector<int> tokens = prompt_tokens(before);
    tokens.insert(tokens.end(), after.begin(), after.end());
    CHECK(injected.tokens == tokens);
    CHECK(injected.text.substr(0, 10) == before);
    CHECK(injected.stop == StopReason::exit);
    CHECK(injected.generated_tokens == 7);
    CHECK(injected.injected_tokens == 6);
    CHECK(report.injected_tokens == 6);
    CHECK(injected.look_aheads.size() == 2);  // none after the injection

    using B = std::decay_t<decltype(s.backend)>;
    Pipeline<B, skip::Never, Curious, OneStage, RecordingObserver> observed({s.backend, s.model, toy}, {}, curious,
                                                                            stage, on);
    static_cast<void>(observed.run(Question{.id = "q", .stem = "", .options = {}}));
    std::vector<int> kept;
    for (const Told& told : observed.observer().log) {
      if (told.what == "only 0 kept") kept.push_back(told.number);
    }
    CHECK(kept == tokens);

    curious.words.max_tokens = 0;
    CHECK(ask(s, stage, on, curious).branches.at(0).text == before);
    curious.words.max_tokens = 100;  // the stage's cap still holds
    const BranchReport capped = ask(s, stage, on, curious).branches.at(0);
    CHECK(capped.generated_tokens == 12);
    CHECK(capped.stop == StopReason::cap);
  });
}

TEST_CASE("a look-ahead or injection needs room in the context") {
  with_settings([](auto& s) {
    const OneStage stage{{"only", 12, {}}, {"What is hard?"}};  // 13 tokens
    PipelineOptions on{.generation = {.sampler = {}, .ignore_eos = true}};
    const auto with_context = [&](std::size_t context, const Curious& curious) {
      on.context = context;
      return ask(s, stage, on, curious).branches.at(0);
    };
    // After two tokens 14 positions are taken; the look-ahead takes the second token, 5 of text and 3 of those read.
    CHECK(with_context(23, {}).look_aheads.size() == 1);
    CHECK(with_context(22, {}).look_aheads.empty());
    CHECK(with_context(22, {}).text == ask(s, stage, {.context = 22, .generation = on.generation}).branches.at(0).text);

    Curious curious;
    curious.asks.text = std::string(30, 'x');
    CHECK(error_of([&] { static_cast<void>(with_context(32, curious)); }) ==
          "question q, stage only: the exit policy looks ahead by 34 positions, expected at most 32 (the context)");
    curious = {};
    curious.at = 0;
    curious.verdict = Verdict::inject;
    curious.words.text = std::string(10, 'x');
    CHECK(with_context(24, curious).stop == StopReason::context);
    CHECK(with_context(24, curious).text.size() == 2);
    curious.words.text = std::string(30, 'x');
    CHECK(error_of([&] { static_cast<void>(with_context(24, curious)); }) ==
          "question q, stage only: the exit policy injects 31 positions, expected at most 24 (the context)");
  });
}

TEST_CASE("a look-ahead shares its steps with other branches, and its seconds are part of the decoding") {
  with_settings([](auto& s) {
    const OneStage stage{{"only", 8, {}}, {"What is hard?", "What is cold?"}};
    const StageReport report =
        ask(s, stage, {.branches = 2, .generation = {.sampler = {}, .ignore_eos = true}}, Curious{});
    CHECK(report.look_ahead_s > 0);
    CHECK(report.look_ahead_s < report.decode_s);
    CHECK(report.look_ahead_tokens == 2 * 3 * 4);
    CHECK(ask(s, stage, {.branches = 2}).look_ahead_s == 0);
  });
}
