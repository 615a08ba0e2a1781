// Runs questions at full depth and sums the statistics of every sub-layer over the prefills.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/calibrate/importance/importance.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/early_exit/never.hpp"
#include "litestage/pipeline/pipeline.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/skip/never.hpp"

namespace litestage::calibrate {

// Observes runs at full depth of questions with different ids. Sums are kept for each request and added up in the order
// of the question ids, so that the result does not depend, to the bit, on batches, threads and the order of the
// questions.
class ImportanceObserver {
 public:
  static constexpr Stat stats = Stat::cosine | Stat::norm_ratio | Stat::layer_cosine;

  void sublayer(int /*branch*/, const RequestInfo& request, const StepInfo& step, Sublayer u, const SublayerStats& m) {
    if (step.phase != Phase::prefill) return;
    Stage& stage = stages_[request.stage];
    auto found = stage.requests.find(request.question);
    if (found == stage.requests.end()) {
      stage.name = request.stage_name;
      found = stage.requests.emplace(request.question, Request(2 * request.n_layers)).first;
    }
    found->second[u.index()].add(m);
  }
  void token(int, const RequestInfo&, const StepInfo&, int) const {}

  // Number of stages of questions that were observed.
  [[nodiscard]] std::size_t requests() const {
    std::size_t n = 0;
    for (const auto& entry : stages_) n += entry.second.requests.size();
    return n;
  }

  // The observation of one stage of one question, for a journal: {"stage": name, "sublayers": [2 * n_layers, each 6
  // numbers]}. It restores every bit.
  [[nodiscard]] Form seen(int stage, const std::string& question) const {
    const Stage& s = stages_.at(stage);
    const Request& request = s.requests.at(question);
    Form::List sublayers;
    for (int u = 0; u < std::ssize(request); ++u) {
      s.check(question, u, request[u]);
      sublayers.emplace_back(request[u].to_list());
    }
    return Form().add("stage", s.name).add("sublayers", std::move(sublayers));
  }
  void restore(int stage, const std::string& question, int n_layers, const Form& seen, const Where& where) {
    const std::string at = where.at("sublayers").str();
    Request request;
    for (const Form& sublayer : seen.at("sublayers", where.str()).list(at))
      request.push_back(Sums::from_list(sublayer.list(at), at));
    if (std::ssize(request) != 2 * n_layers)
      throw Error(concat(at, ": found ", request.size(), " sub-layers, expected the model's ", 2 * n_layers));
    stages_[stage].name = seen.at("stage", where.str()).string(where.at("stage").str());
    stages_[stage].requests.insert_or_assign(question, std::move(request));
  }

  // The importance over everything observed. At least one request must have been observed.
  [[nodiscard]] Importance importance() const {
    LITESTAGE_ASSERT(!stages_.empty(), "no prefill was seen");
    Importance all;
    for (const auto& entry : stages_) all.stages.push_back(entry.second.importance());
    return all;
  }

 private:
  // Sums over one sub-layer, in one request or in all requests.
  struct Sums {
    double cosines = 0, ratios = 0, layer_cosines = 0;  // each weighted by its number of tokens
    double last_cosines = 0;
    std::int64_t tokens = 0, prompts = 0;

    void add(const SublayerStats& m) {
      const double n = m.tokens;
      cosines = std::fma(n, m.cosine, cosines);
      ratios = std::fma(n, m.norm_ratio, ratios);
      if (!std::isnan(m.layer_cosine))  // it is NaN for attention
        layer_cosines = std::fma(n, m.layer_cosine, layer_cosines);
      tokens += m.tokens;
      if (std::isnan(m.last_cosine)) return;  // it is NaN for the shared prefix
      last_cosines += m.last_cosine;
      ++prompts;
    }
    [[nodiscard]] Form::List to_list() const { return {cosines, ratios, layer_cosines, last_cosines, tokens, prompts}; }
    [[nodiscard]] static Sums from_list(const Form::List& list, const std::string& where) {
      if (list.size() != 6) throw Error(concat(where, ": found a list of ", list.size(), ", expected lists of 6"));
      return {list[0].number(where), list[1].number(where),  list[2].number(where),
              list[3].number(where), list[4].integer(where), list[5].integer(where)};
    }
  };
  using Request = std::vector<Sums>;  // [2 * n_layers]

  struct Stage {
    std::string name;
    std::map<std::string, Request, std::less<>> requests;  // by question id

    [[nodiscard]] StageImportance importance() const {
      StageImportance s;
      s.stage = name;
      s.requests = requests.size();
      for (int u = 0; u < std::ssize(requests.begin()->second); ++u) add_sublayer(s, u);
      return s;
    }
    void add_sublayer(StageImportance& s, int u) const {
      Sums all;
      double cosines = 0, ratios = 0;  // sums of the requests' means
      for (const auto& [id, request] : requests) {
        const Sums& r = request[u];
        check(id, u, r);
        const auto n = static_cast<double>(r.tokens);
        cosines += r.cosines / n;
        ratios += r.ratios / n;
        all.cosines += r.cosines;
        all.layer_cosines += r.layer_cosines;
        all.last_cosines += r.last_cosines;
        all.tokens += r.tokens;
        all.prompts += r.prompts;
      }
      const auto tokens = static_cast<double>(all.tokens), n = static_cast<double>(requests.size());
      s.prompts = all.prompts;
      s.tokens = all.tokens;
      s.cosine.push_back(all.cosines / tokens);
      s.request_cosine.push_back(cosines / n);
      s.last_cosine.push_back(all.last_cosines / static_cast<double>(all.prompts));
      s.norm_ratio.push_back(ratios / n);
      if (Sublayer::at(u).unit == Unit::mlp) s.layer_cosine.push_back(all.layer_cosines / tokens);
    }
    // Without this check, infinite weights or an overflow of the residual stream would give an arbitrary ranking.
    void check(const std::string& question, int u, const Sums& sums) const {
      LITESTAGE_ASSERT(sums.tokens > 0, "importance is measured at full depth");
      if (std::isfinite(sums.cosines) && std::isfinite(sums.ratios)) return;
      throw Error(concat("importance of ", sublayer_name(Sublayer::at(u)), " in stage ", name, " of question ",
                         question,
                         ": found values that are not finite, expected a model whose "
                         "residual stream is finite"));
    }
  };

  std::map<int, Stage> stages_;  // by position in the schedule
};
static_assert(StepObserver<ImportanceObserver>);

// Answers the questions at full depth, with no exit but those of the schedule, and returns the statistics of the
// prefills. The later stages are needed too, because their prompts contain the texts of earlier stages. Statistics are
// computed only in such a run. If `on_report` or options.keep_going ends the run early, the result covers the requests
// begun.
template <Backend B, StageSchedule Stages>
[[nodiscard]] std::optional<Importance> measure_importance(const LanguageModel<B>& model, const Stages& stages,
                                                           std::span<const Question> questions,
                                                           PipelineOptions options = {},
                                                           const OnReport& on_report = nullptr) {
  if (questions.empty()) throw Error("importance: found no questions, expected one or more");
  std::set<std::string_view> ids;
  for (const Question& q : questions) {
    if (ids.insert(q.id).second) continue;
    throw Error(
        concat("importance: found two questions of id ", in_quotes(q.id), ", expected questions of different ids"));
  }
  options.score_letters = false;  // they are not read
  Pipeline<B, skip::Never, early_exit::Never, Stages, ImportanceObserver> pipeline(model, {}, {}, stages,
                                                                                   std::move(options));
  if (pipeline.run(questions, on_report).size() < questions.size()) return std::nullopt;
  return pipeline.observer().importance();
}

}  // namespace litestage::calibrate
