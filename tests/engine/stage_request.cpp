// Requests that force given tokens: their log-probabilities, compared with those of single steps, and which tokens the
// right answers to a question have.
#include "litestage/engine/stage_request.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "common/pipeline_setting.hpp"
#include "litestage/engine/run/lanes.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// Skips in decoding only, so that a forced token has other decisions than the prompt.
[[nodiscard]] skip::Static in_decoding() {
  skip::Static policy;
  policy.stages["all"] = {{Unit::attention, 1}, {Unit::mlp, 2}};
  policy.phase = Phases::decode;
  return policy;
}

// The mean log-probability of the tokens after the prompt: one step for each token, and the softmax in double.
template <class B>
[[nodiscard]] double expected_score(Setting<B>& s, const skip::Static& policy, const std::vector<int>& prompt,
                                    const std::vector<int>& forced) {
  Session<B> session(s.backend, s.model, {1, 128, KvType::f16});
  const RequestInfo info{s.model.config.n_layers, 0, "only", 6};
  const skip::Static::State state = policy.begin(info);
  const auto decisions = [&](const StepInfo& step) {
    return session.decisions().number_of(decide_all(policy, state, step, s.model.config.n_layers));
  };
  for (std::size_t i = 0; i < prompt.size(); ++i)
    session.step(std::vector<StepRow>{{prompt[i], 0, decisions(prefill), i + 1 == prompt.size()}});
  double sum = 0;
  std::vector<typename B::Real> logits;
  for (std::size_t i = 0; i < forced.size(); ++i) {
    session.read_logits(0, logits);
    double largest = -std::numeric_limits<double>::infinity(), weights = 0;
    for (const auto z : logits) largest = std::max(largest, static_cast<double>(z));
    for (const auto z : logits) weights += std::exp(static_cast<double>(z) - largest);
    sum += static_cast<double>(logits[static_cast<std::size_t>(forced[i])]) - largest - std::log(weights);
    session.step(std::vector<StepRow>{{forced[i], 0, decisions(decode(static_cast<int>(i))), true}});
  }
  return sum / static_cast<double>(forced.size());
}

[[nodiscard]] std::vector<int> tokens_of(const std::string& text) {
  return toy.encode({{{Role::text, text}}, ""});
}
[[nodiscard]] StageRequest forcing(const std::vector<std::string>& prompts, const std::vector<std::string>& texts) {
  StageRequest r;
  r.question = "q";
  r.stage = {"only", 6, {}};
  for (const std::string& prompt : prompts) r.prompts.push_back(tokens_of(prompt));
  for (const std::string& text : texts) r.forced.push_back(tokens_of(text));
  return r;
}
[[nodiscard]] std::vector<StageRequest> requests() {
  return {forcing({"It is"}, {" 12"}), forcing({"It is", "It is", "It is"}, {" 7", " seven", "!"}),
          forcing({"How many? ", "How many: "}, {"some of them", "7"}), forcing({"x", "y"}, {"z", "zz"})};
}

template <class B>
[[nodiscard]] std::vector<std::vector<float>> scores(Setting<B>& s, const skip::Static& policy, std::size_t lanes,
                                                     std::size_t step_rows, ObserverCalls& observer) {
  const early_exit::Never never;
  const AnyTokenizer tokenizer(toy);
  Lanes<B> all({s.backend, s.model, tokenizer}, observer,
               {.lanes = lanes, .branches = 3, .context = 64, .step_rows = step_rows}, {});
  const std::vector<StageRequest> asked = requests();
  std::vector<std::vector<float>> found(asked.size());
  std::vector<std::size_t> job(lanes);
  std::size_t next = 0;
  const auto begin = [&](std::size_t lane) {
    if (next == asked.size()) return;
    job[lane] = next;
    all.start(lane, calls_to(policy, never), asked[next++]);
  };
  for (std::size_t lane = 0; lane < lanes; ++lane) begin(lane);
  const auto ended = [&](std::size_t lane, auto& run) {
    std::size_t positions = 0;
    for (std::size_t b = 0; b < asked[job[lane]].prompts.size(); ++b)
      positions = std::max(positions, least_positions(asked[job[lane]], b));
    CHECK(static_cast<std::size_t>(run.positions()) == positions);
    found[job[lane]] = run.take_scores();
    begin(lane);
  };
  while (all.step(ended)) {
  }
  return found;
}

struct CountingObserver {
  static constexpr Stat stats = Stat::cosine;
  int told = 0;
  void sublayer(int, const RequestInfo&, const StepInfo&, Sublayer, const SublayerStats&) { ++told; }
  void token(int, const RequestInfo&, const StepInfo&, int) { ++told; }
};

// A tokenizer that writes a blank and the digit after it as one token, 97 to 106.
struct JoiningTokenizer : ToyTokenizer {
  [[nodiscard]] std::vector<int> encode(const Prompt& prompt) const {
    std::vector<int> joined;
    for (const int id : ToyTokenizer::encode(prompt)) {
      const int digit = id - ('0' - ' ');
      if (!joined.empty() && joined.back() == 0 && digit >= 0 && digit <= 9)
        joined.back() = 97 + digit;
      else
        joined.push_back(id);
    }
    return joined;
  }
};

// Two stages, of which the last one's prompt ends as given.
struct EndsWith {
  std::string text, continuation;
  Role role = Role::text;
  [[nodiscard]] std::size_t size() const { return 2; }
  [[nodiscard]] StageInfo stage(std::size_t i) const { return {i == 0 ? "first" : "last", 6, {}}; }
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& t) const {
    if (i == 0) return {{{{Role::text, "Think."}}, ""}};
    return {{{{role, t.outputs.at(0).at(0) + text}}, continuation}, {{{role, "another branch"}}, continuation}};
  }
  [[nodiscard]] AnswerFormat answer_format() const { return {AnswerRule::stated, " option (", "", ""}; }
};
[[nodiscard]] std::vector<std::string> written(const std::vector<std::vector<int>>& tokens) {
  std::vector<std::string> texts;
  for (const std::vector<int>& t : tokens) {
    texts.emplace_back();
    for (const int id : t) texts.back() += toy.piece(id);
  }
  return texts;
}

const Question number{"q", "How many?", {}, {{"12"}, {"25/2"}}, AnswerKind::number};
using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("forced tokens: their mean log-probabilities are those of single steps, in any batch, skipping in decoding") {
  with_settings([](auto& s) {
    for (const skip::Static& policy : {skip::Static{}, in_decoding()}) {
      ObserverCalls nobody;
      const auto alone = scores(s, policy, 1, 512, nobody);
      CHECK(scores(s, policy, 4, 512, nobody) == alone);
      CHECK(scores(s, policy, 3, 5, nobody) == alone);
      CountingObserver counting;
      ObserverCallsTo<CountingObserver> observer(counting);
      CHECK(scores(s, policy, 2, 64, observer) == alone);
      CHECK(counting.told == 0);
      for (std::size_t i = 0; i < alone.size(); ++i) {
        const StageRequest r = requests()[i];
        REQUIRE(alone[i].size() == r.forced.size());
        for (std::size_t b = 0; b < r.forced.size(); ++b) {
          const double expected = expected_score(s, policy, r.prompts[b], r.forced[b]);
          CHECK(expected < 0);
          CHECK(std::abs(static_cast<double>(alone[i][b]) - expected) < 1e-5);
        }
      }
    }
    // A policy that skips in decoding only does not change the first token of an answer, but the later ones.
    ObserverCalls nobody;
    const auto full = scores(s, {}, 1, 512, nobody), skipped = scores(s, in_decoding(), 1, 512, nobody);
    CHECK(full[1][2] == skipped[1][2]);
    CHECK(full[1][1] != skipped[1][1]);
  });
}

TEST_CASE("forced tokens: the last one needs no position, and a request without room for the others is refused") {
  Setting<ReferenceBackend> s{ReferenceBackend(1)};
  ObserverCalls nobody;
  const AnyTokenizer tokenizer(toy);
  const StageRequest r = forcing({"It is"}, {" 12"});  // 5 and 3 tokens
  CHECK(least_positions(r, 0) == 7);
  CHECK_FALSE(no_room(r, 7).has_value());
  CHECK(no_room(r, 6)->needed == 7);
  Lanes<ReferenceBackend> lanes({s.backend, s.model, tokenizer}, nobody, {.context = 6}, {});
  const skip::Never full;
  const early_exit::Never never;
  CHECK(error_of([&] { lanes.start(0, calls_to(full, never), r); }) ==
        "question q, stage only: the prompt has 7 tokens, expected at most 6 (the context)");
}

TEST_CASE("the request of the right answers: the last stage's first prompt, then each answer after a blank") {
  const Transcript t{number, {{"So. "}}};
  const StageRequest r = gold_request(EndsWith{"It is", ""}, t, AnyTokenizer(toy));
  CHECK(r.question == "q");
  CHECK(r.index == 1);
  CHECK(r.stage.name == "last");
  CHECK(r.score_tokens.empty());
  CHECK(written(r.prompts) == Texts{"So. It is", "So. It is"});
  CHECK(written(r.forced) == Texts{" 12", " 25/2"});
  const auto answers = [&](const EndsWith& stages) {
    return written(gold_request(stages, t, AnyTokenizer(toy)).forced);
  };
  CHECK(answers({"Say.", "It is"}) == Texts{" 12", " 25/2"});
  CHECK(answers({"Say.", "It is "}) == Texts{"12", "25/2"});
  CHECK(answers({"Say.", "It is ("}) == Texts{"12", "25/2"});
  CHECK(answers({"It is $", ""}) == Texts{"12", "25/2"});
  CHECK(answers({"Say.", "", Role::user}) == Texts{"12", "25/2"});  // after the markup of a chat
  CHECK(answers({"Say.", "It is", Role::user}) == Texts{" 12", " 25/2"});
}

TEST_CASE("the request of the right answers: a text is scored as the record writes it") {
  Question riddle{"q", "Where?", {}, {{"eiffel tower"}, {"paris"}}, AnswerKind::text};
  const auto answers = [&] {
    return written(gold_request(EndsWith{"It is", ""}, {riddle, {{""}}}, AnyTokenizer(toy)).forced);
  };
  CHECK(answers() == Texts{" eiffel tower", " paris"});
  riddle.gold_as_written = {"The Eiffel Tower.", "Paris"};
  CHECK(answers() == Texts{" The Eiffel Tower.", " Paris"});
}

TEST_CASE("the request of the right answers: where the tokenizer joins prompt and answer, the prompt stays") {
  const Transcript t{number, {{""}}};
  const StageRequest r = gold_request(EndsWith{"It is ", ""}, t, AnyTokenizer(JoiningTokenizer{}));
  CHECK(r.prompts == std::vector<std::vector<int>>(2, JoiningTokenizer{}.encode({{{Role::text, "It is "}}, ""})));
  CHECK(written(r.forced) == Texts{"12", "25/2"});
}

TEST_CASE("the request of the right answers: a letter is scored where letter_request scores it") {
  const Question letters{"q", "Which?", {"ice", "rock", "air"}, {{"C"}, {"A"}}};
  const Transcript t{letters, {{""}}};
  const EndsWith stages{"It is", ""};
  const StageRequest r = gold_request(stages, t, AnyTokenizer(toy)), all = letter_request(stages, t, AnyTokenizer(toy));
  CHECK(written(r.prompts) == Texts{"It is option (", "It is option ("});
  CHECK(r.prompts[0] == all.prompts.at(0));
  CHECK(written(r.forced) == Texts{"C", "A"});
  CHECK(r.score_tokens.empty());
  CHECK(scored_branches(Scored::golds, letters) == 2);
  CHECK(scored_branches(Scored::letters, letters) == 1);
}

TEST_CASE("the request of the right answers: a question without one is refused") {
  Question open = number;
  open.gold.clear();
  CHECK(error_of([&] {
          static_cast<void>(gold_request(EndsWith{"It is", ""}, {open, {{""}}}, AnyTokenizer(toy)));
        }) == "question q has no gold answer, expected one to score");
}
