// Folders of every family as transformers writes them: the logits are those that it computed, and to the bit the same
// whatever the batch and the threads.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "common/close.hpp"
#include "common/naive_logits.hpp"
#include "common/recorded_models.hpp"
#include "common/sequences.hpp"

namespace {

using namespace litestage;
using test::RecordedModel;

// Relative to the largest logit. Transformers computes in float, and so does the cpu backend.
constexpr double recorded_bound_of_reference = 1e-5, recorded_bound_of_cpu = 2e-5;

// The largest difference from the recorded logits, relative to the largest of these.
template <class B>
[[nodiscard]] double difference_from_recorded(B& backend, const ModelSource& source, const RecordedModel& recorded) {
  const Model<B> model = load(backend, source);
  const std::size_t n = recorded.tokens.size();
  const test::Sequence plain =
      test::under(Decisions(static_cast<std::size_t>(source.config.n_sublayers())), recorded.tokens);
  const auto all = test::logits_of(backend, model, plain, test::in_chunks({plain}, n), static_cast<int>(n));
  std::vector<std::vector<double>> found;
  for (const std::size_t position : recorded.positions) found.push_back(all.at(position));
  double largest = 0;
  for (const std::vector<double>& row : recorded.logits) {
    for (const double logit : row) largest = std::max(largest, std::abs(logit));
  }
  return test::largest_difference(found, recorded.logits) / largest;
}

// Three sequences with gaps, longer than the windows of the models.
[[nodiscard]] std::vector<test::Sequence> sequences_with_gaps(const ModelConfig& config) {
  test::Random random(17);
  std::vector<test::Sequence> sequences;
  for (const std::size_t length : {21, 13, 26}) sequences.push_back(test::random_sequence(random, config, length));
  return sequences;
}

}  // namespace

TEST_CASE("folders of every family give the logits that transformers computed") {
  for (const std::string family : test::recorded_families) {
    CAPTURE(family);
    const RecordedModel recorded(family);
    REQUIRE(recorded.tokens.size() == 64);
    REQUIRE(recorded.positions.size() == 8);
    REQUIRE(recorded.logits.size() == 8);
    test::with_backends([&](const auto& make, const std::string& name) {
      CAPTURE(name);
      auto backend = make(1, true);
      const double bound = name == "reference" ? recorded_bound_of_reference : recorded_bound_of_cpu;
      CHECK(difference_from_recorded(backend, recorded.file.source(), recorded) < bound);
    });
  }
}

TEST_CASE("folders of every family: bits depend neither on batches nor on threads, with any sub-layers skipped") {
  for (const std::string family : test::recorded_families) {
    CAPTURE(family);
    const io::ModelFile file(RecordedModel::folder_of(family));
    const std::vector<test::Sequence> sequences = sequences_with_gaps(file.config());
    const auto results = [&]<class B>(B backend, const test::Steps& steps) {
      const Model<B> model = load(backend, file.source());
      Session<B> session(backend, model, {sequences.size(), 64, KvType::f16});
      return test::run(session, sequences, steps);
    };
    const auto check = [&](const auto& make) {
      const auto alone = results(make(1), test::one_by_one(sequences));
      for (const int threads : {1, 3}) {
        const auto together = results(make(threads), test::mixed(sequences, 9, 5));
        for (std::size_t s = 0; s < sequences.size(); ++s) {
          for (std::size_t t = 0; t < sequences[s].size(); ++t) CHECK(test::same_bits(together[s][t], alone[s][t]));
        }
      }
    };
    check([](int threads) { return ReferenceBackend(threads); });
    check([](int threads) { return CpuBackend(CpuOptions{.threads = threads}); });
  }
}
