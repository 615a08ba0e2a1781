#include "litestage/pipeline/score_text.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "common/tiny_model.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/skip/never.hpp"
#include "litestage/skip/static.hpp"

using namespace litestage;

namespace {

const std::vector<int> tokens = {3, 14, 15, 92, 65, 35, 89, 79, 32, 38, 46, 26, 43, 38, 32, 79, 50};

template <Backend B>
struct Scorer {
  B backend;
  ModelSource source = test::tiny_model(test::tiny_config(), {});
  Model<B> model = load(backend, source);
  Session<B> session{backend, model, SessionOptions{1, tokens.size(), KvType::f16}};

  template <class Skip>
  TextScore score(const Skip& skip, ScoreOptions options = {}) {
    return score_text(session, std::span<const int>(tokens), skip, options);
  }
};

std::vector<double> log_probs(const TextScore& score) {
  std::vector<double> all;
  for (std::size_t i = 1; i < score.tokens.size(); ++i) all.push_back(score.tokens[i].log_prob);
  return all;
}

skip::Static skipping(const std::vector<int>& indices, Phases phase = Phases::both) {
  skip::Static policy;
  for (const int u : indices) policy.stages["score"].insert(Sublayer::at(u));
  policy.phase = phase;
  return policy;
}

}  // namespace

TEST_CASE("log_sum_exp and likeliest by hand") {
  const std::vector<float> logits = {0, std::log(3.0f), 0, std::log(4.0f), 0};
  const std::span<const float> row(logits);
  const double sum = log_sum_exp(row);
  CHECK(sum == doctest::Approx(std::log(10.0)));
  const std::vector<Candidate> best = likeliest(row, sum, 4);
  REQUIRE(best.size() == 4);
  CHECK(best[0].token == 3);
  CHECK(best[0].log_prob == doctest::Approx(std::log(0.4)));
  CHECK(best[1].token == 1);
  CHECK(best[2].token == 0);  // of three equal ones the first two
  CHECK(best[3].token == 2);
  CHECK(likeliest(row, sum, 0).empty());
  CHECK(likeliest(row, sum, 9).size() == 5);

  const std::vector<double> large = {1e5, 1e5 - 1, -1e300};
  CHECK(log_sum_exp(std::span<const double>(large)) == doctest::Approx(1e5 + std::log1p(std::exp(-1.0))));
}

TEST_CASE_TEMPLATE("every row, the numbers of single steps, whatever the size of a step", B, ReferenceBackend,
                   CpuBackend) {
  Scorer<B> s;
  const TextScore whole = s.score(skip::Never{}, ScoreOptions{3});
  REQUIRE(whole.tokens.size() == tokens.size());
  CHECK(std::isnan(whole.tokens[0].log_prob));
  CHECK(whole.scored() == tokens.size() - 1);
  CHECK(whole.next.size() == 3);
  CHECK(whole.perplexity() == doctest::Approx(std::exp(-whole.log_prob() / 16)));
  for (std::size_t step_rows : {1, 2, 5, 16, 17}) {
    const TextScore parts = s.score(skip::Never{}, ScoreOptions{3, step_rows});
    CHECK(log_probs(parts) == log_probs(whole));
    CHECK(parts.next == whole.next);
    for (std::size_t i = 0; i < tokens.size(); ++i) CHECK(parts.tokens[i].candidates == whole.tokens[i].candidates);
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) CHECK(whole.tokens[i].token == tokens[i]);

  // A token that is its own likeliest candidate has the same number in both places.
  std::vector<std::size_t> rows_seen;
  const TextScore all = score_text(s.session, std::span<const int>(tokens), skip::Never{}, ScoreOptions{97},
                                   [&](std::size_t i, auto logits) {
                                     rows_seen.push_back(i);
                                     CHECK(logits.size() == 97);
                                   });
  for (std::size_t i = 0; i < tokens.size(); ++i) CHECK(rows_seen.at(i) == i);
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    double sum = 0;
    bool found = false;
    for (const Candidate& c : all.tokens[i].candidates) {
      sum += std::exp(c.log_prob);
      found = found || (c.token == tokens[i] && c.log_prob == all.tokens[i].log_prob);
    }
    CHECK(found);
    CHECK(sum == doctest::Approx(1));
  }
}

TEST_CASE("skipped sub-layers") {
  Scorer<ReferenceBackend> s;
  const TextScore never = s.score(skip::Never{});
  CHECK(never.skipped == 0);
  const TextScore some = s.score(skipping({0, 3, 5}));
  CHECK(some.skipped == 3);
  CHECK(log_probs(some) != log_probs(never));
  CHECK(log_probs(s.score(skip::Never{})) == log_probs(never));  // nothing stays behind

  const TextScore decode_only = s.score(skipping({0, 3, 5}, Phases::decode));
  CHECK(decode_only.skipped == 0);
  CHECK(log_probs(decode_only) == log_probs(never));

  // With nothing left but embedding and head, a token's distribution depends on the token before it alone.
  const TextScore none = s.score(skipping({0, 1, 2, 3, 4, 5, 6, 7}));
  CHECK(none.skipped == 8);
  std::vector<int> reversed(tokens.rbegin(), tokens.rend());
  const TextScore other =
      score_text(s.session, std::span<const int>(reversed), skipping({0, 1, 2, 3, 4, 5, 6, 7}), ScoreOptions{5});
  const TextScore again = s.score(skipping({0, 1, 2, 3, 4, 5, 6, 7}), ScoreOptions{5});
  CHECK(other.next == again.tokens[1].candidates);  // both follow token 3
}

TEST_CASE("short texts") {
  Scorer<ReferenceBackend> s;
  const TextScore nothing = score_text(s.session, std::span<const int>(), skip::Never{});
  CHECK(nothing.tokens.empty());
  CHECK(nothing.scored() == 0);
  const std::vector<int> one = {7};
  const TextScore single = score_text(s.session, std::span<const int>(one), skip::Never{}, ScoreOptions{2});
  CHECK(single.scored() == 0);
  CHECK(single.log_prob() == 0);
  CHECK(single.next.size() == 2);
}
