#include "litestage/model/profile.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "common/tiny_model.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/engine/session.hpp"

using namespace litestage;

TEST_CASE("a profile counts the calls and rows of every operation, and changes no bit") {
  ReferenceBackend backend;
  const ModelSource source = test::tiny_model(test::tiny_config(), {});
  const Model<ReferenceBackend> model = load(backend, source);
  Profile profile;
  Session<ReferenceBackend> watched(backend, model, {1, 16, KvType::f32, &profile});
  Session<ReferenceBackend> plain(backend, model, {1, 16, KvType::f32});
  Decisions decisions(static_cast<std::size_t>(model.config.n_sublayers()));
  decisions[static_cast<std::size_t>(Sublayer{Unit::mlp, 1}.index())].skip = true;
  for (Session<ReferenceBackend>* session : {&watched, &plain}) {
    const int number = session->decisions().number_of(decisions);
    session->step(std::vector<StepRow>{{3, 0, number, false}, {5, 0, number, false}, {7, 0, number, true}});
    std::vector<TokenStats> stats(1);
    session->token_stats(stats, Signal::max_prob);
  }
  for (std::size_t i = 0; i < plain.logits().extent(1); ++i) CHECK(watched.logits()(0, i) == plain.logits()(0, i));

  const auto layers = static_cast<std::size_t>(model.config.n_layers);
  const auto counts = [&](Operation operation, std::size_t calls, std::size_t rows) {
    CHECK(profile.of(operation).calls == calls);
    CHECK(profile.of(operation).rows == rows);
    CHECK(profile.of(operation).seconds >= 0);
  };
  counts(Operation::embed, 1, 3);
  counts(Operation::project_qkv, layers, 3 * layers);
  counts(Operation::attend, layers, 3 * layers);
  counts(Operation::gate_up, layers - 1, 3 * (layers - 1));
  counts(Operation::project_add, 2 * layers - 1, 3 * (2 * layers - 1));
  counts(Operation::logits, 1, 1);
  counts(Operation::token_stats, 1, 1);
}
