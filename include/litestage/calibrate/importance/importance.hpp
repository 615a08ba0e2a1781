// Step 1 of LiteStage (arXiv 2510.14211): how little each sub-layer changes the direction of the residual stream,
// measured in the prefills of all stages at full depth. The sub-layers that change it least are skipped first.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/policy/sublayer_set.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/step/types.hpp"

namespace litestage::calibrate {

// Which mean of the cosines makes the ranking. `requests`: the mean over requests of each request's mean over tokens,
// as in AdaSkip's code (E2E/model/llama_ADA.py), whose statistic LiteStage's first step uses. `tokens`: the mean over
// all tokens, so that long prompts weigh more. `last_token`: the mean over the last tokens of the prompts. The parts of
// the paper that we could read name only the mean over samples.
enum class CosineOf : std::uint8_t { requests, tokens, last_token };

}  // namespace litestage::calibrate

namespace litestage {

template <>
struct EnumNames<calibrate::CosineOf> {
  static constexpr std::array<std::string_view, 3> names = {"requests", "tokens", "last_token"};
};

}  // namespace litestage

namespace litestage::calibrate {

namespace detail {

inline constexpr double longest_cosine = 1.001;  // norms in float32 round, so a cosine may exceed 1
inline constexpr double largest_ratio = 1e6;     // the first layers of some models write a few huge values
inline constexpr double largest_total = 1e12;    // of the tokens of all requests

}  // namespace detail

// The importance measured in one stage. A request is this stage of one question, with all its branches; the shared
// prefix of the branches ran once, and its tokens count once.
struct StageImportance {
  static constexpr bool complete = true;  // settings/fields_form.hpp

  std::string stage;
  std::int64_t requests = 0;
  std::int64_t prompts = 0;            // one per branch
  std::int64_t tokens = 0;             // tokens that ran
  std::vector<double> cosine;          // [2 * n_layers] mean over the tokens
  std::vector<double> request_cosine;  // [2 * n_layers] mean over the requests of each request's mean over tokens
  std::vector<double> last_cosine;     // [2 * n_layers] mean over the last tokens of the prompts
  // [2 * n_layers] |after| / |before| (Frobenius norms), mean over the requests; within a request, the mean over shared
  // prefix and branches, weighted by tokens.
  std::vector<double> norm_ratio;
  std::vector<double> layer_cosine;  // [n_layers] mean over the tokens, between input and output of a whole layer

  static constexpr auto fields() {
    using S = StageImportance;
    constexpr double most = detail::largest_total, longest = detail::longest_cosine;
    return Fields(Field("stage", &S::stage, "name of the stage"),
                  Field("requests", &S::requests, "questions that ran", 1, most),
                  Field("prompts", &S::prompts, "branches that ran", 1, most),
                  Field("tokens", &S::tokens, "prompt tokens that ran", 1, most),
                  Field("cosine", &S::cosine, "cosine of the stream before and after each sub-layer, mean over tokens",
                        -longest, longest),
                  Field("request_cosine", &S::request_cosine,
                        "the same cosine, mean over requests of each request's mean over tokens", -longest, longest),
                  Field("last_cosine", &S::last_cosine, "the same cosine, mean over the last tokens of the prompts",
                        -longest, longest),
                  Field("norm_ratio", &S::norm_ratio, "norm of the stream after each sub-layer / before it", 0,
                        detail::largest_ratio),
                  Field("layer_cosine", &S::layer_cosine,
                        "cosine of the stream before and after each layer, mean over tokens", -longest, longest));
  }
  friend bool operator==(const StageImportance&, const StageImportance&) = default;
};

// Sorts the sub-layers by their cosines, most redundant (largest cosine) first. Ties go to attention, then to the lower
// layer, as in AdaSkip's selection (ASISys/AdaSkip @4ef686d, E2E/model/llama_ADA.py:876-880).
[[nodiscard]] inline std::vector<Sublayer> rank(std::span<const double> cosines) {
  std::vector<Sublayer> order;
  for (const int first : {0, 1}) {
    for (int u = first; u < std::ssize(cosines); u += 2) order.push_back(Sublayer::at(u));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](Sublayer a, Sublayer b) { return cosines[a.index()] > cosines[b.index()]; });
  return order;
}

// The names of the sub-layers, as skip::LiteStage::ranking and plans spell them.
[[nodiscard]] inline std::vector<std::string> sublayer_names(std::span<const Sublayer> sublayers) {
  std::vector<std::string> names;
  for (const Sublayer u : sublayers) names.push_back(sublayer_name(u));
  return names;
}

// The importance measured in all stages of a run. Values over all stages are means of the stages' means. The authors'
// figure sums over the stages instead, which gives the same ranking.
struct Importance {
  static constexpr bool complete = true;

  std::vector<StageImportance> stages;  // in the order of the schedule

  [[nodiscard]] int n_layers() const { return static_cast<int>(stages.at(0).layer_cosine.size()); }

  // Example: over_stages(&StageImportance::norm_ratio). Returns [size of `of`].
  [[nodiscard]] std::vector<double> over_stages(std::vector<double> StageImportance::*of) const {
    std::vector<double> mean((stages.at(0).*of).size(), 0.0);
    for (const StageImportance& s : stages) {
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += (s.*of)[i];
    }
    for (double& m : mean) m /= static_cast<double>(stages.size());
    return mean;
  }

  [[nodiscard]] static constexpr std::vector<double> StageImportance::*cosines(CosineOf of) {
    switch (of) {
      case CosineOf::requests:
        return &StageImportance::request_cosine;
      case CosineOf::tokens:
        return &StageImportance::cosine;
      case CosineOf::last_token:
        break;
    }
    return &StageImportance::last_cosine;
  }

  // The one ranking that all stages share.
  [[nodiscard]] std::vector<Sublayer> ranking(CosineOf of = CosineOf::requests) const {
    return rank(over_stages(cosines(of)));
  }
  // The ranking of one stage alone.
  [[nodiscard]] std::vector<Sublayer> ranking(std::string_view stage, CosineOf of = CosineOf::requests) const {
    for (const StageImportance& s : stages) {
      if (s.stage == stage) return rank(s.*cosines(of));
    }
    std::vector<std::string_view> names;
    for (const StageImportance& s : stages) names.push_back(s.stage);
    throw Error(concat("importance of stage ", in_quotes(stage), " was not measured, expected ", joined(names)));
  }

  static constexpr auto fields() {
    return Fields(Field("stages", &Importance::stages, "the importance measured in each stage"));
  }
  // Throws an Error if two stages share a name, or if the lists do not have the sizes of one model.
  void check(const Where& where) const {
    const auto wrong = [&](std::string_view key, const auto& found, const auto&... expected) {
      throw Error(concat(where.at(key).str(), ": found ", found, ", expected ", expected...));
    };
    if (stages.empty()) wrong("stages", 0, "one stage or more");
    const std::size_t layers = stages[0].layer_cosine.size();
    if (layers == 0) wrong("stages.layer_cosine", 0, "the values of one layer or more");
    std::set<std::string_view> names;
    for (const StageImportance& s : stages) {
      if (!names.insert(s.stage).second) wrong("stages.stage", s.stage, "names, each once");
      for (const auto& [key, list, size] : {std::tuple("cosine", &s.cosine, 2 * layers),
                                            {"request_cosine", &s.request_cosine, 2 * layers},
                                            {"last_cosine", &s.last_cosine, 2 * layers},
                                            {"norm_ratio", &s.norm_ratio, 2 * layers},
                                            {"layer_cosine", &s.layer_cosine, layers}}) {
        if (list->size() != size) {
          wrong(concat("stages.", key), list->size(), size, " values, as the first stage has ", layers, " layers");
        }
      }
    }
  }
  friend bool operator==(const Importance&, const Importance&) = default;
};

// ---- input of the baselines ----

[[nodiscard]] inline std::vector<float> as_floats(std::span<const double> values) {
  std::vector<float> list;
  for (const double v : values) list.push_back(static_cast<float>(v));
  return list;
}

// The redundancy profile from which the ladders of the baselines are built. AdaSkip learns its values from the first 20
// requests of a run, which skip nothing. An Importance over N questions is that warm-up as an explicit pass over N
// requests of each stage; the values do not change afterwards, whatever is asked in which order. 20 requests of three
// stages are 7 questions; more questions estimate the same means better. ShortGPT's influence of a layer is 1 - mean
// cosine of its input and output (arXiv 2403.03853).
[[nodiscard]] inline RedundancyProfile redundancy_profile(const Importance& importance) {
  std::vector<double> influence = importance.over_stages(&StageImportance::layer_cosine);
  for (double& value : influence) value = 1 - value;
  return {.n_layers = importance.n_layers(),
          .similarity = as_floats(importance.over_stages(&StageImportance::request_cosine)),
          .norm_ratio = as_floats(importance.over_stages(&StageImportance::norm_ratio)),
          .influence = as_floats(influence)};
}

}  // namespace litestage::calibrate
