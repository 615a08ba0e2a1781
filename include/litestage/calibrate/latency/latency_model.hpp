// Predicts how long one stage of one question takes at batch 1, from the sub-layers that run, the prompt lengths and
// the number of generated tokens. latency_probe.hpp measures the model on the machine in use. The model is a Form, so
// that journals and plans can keep it. Equal coefficients give equal predictions, to the bit.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/calibrate/latency/step_work.hpp"
#include "litestage/model/source/config.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"

namespace litestage::calibrate {

inline constexpr double max_coefficient = 1e6;  // seconds

// Seconds as a function of the number of rows. Kernels work in tiles and small steps are limited by memory, so it is
// not a straight line: it is piecewise linear between measured row counts, and proportional to the rows beyond the last
// one.
struct Curve {
  std::vector<int> rows;        // ascending, first 1
  std::vector<double> seconds;  // [rows]

  // The value at n is a weighted sum of `seconds`. Calls add(index, weight) for each term of the sum.
  template <class Add>
  void weigh(int n, Add&& add) const {
    if (n <= 0) return;
    const std::size_t above = std::lower_bound(rows.begin(), rows.end(), n) - rows.begin();
    if (above == rows.size()) return add(above - 1, static_cast<double>(n) / rows.back());
    if (rows[above] == n) return add(above, 1.0);
    const double part = static_cast<double>(n - rows[above - 1]) / (rows[above] - rows[above - 1]);
    add(above - 1, 1 - part);
    add(above, part);
  }

  static constexpr auto fields() {
    return Fields(Field("rows", &Curve::rows, "row counts, ascending from 1", 1, 1 << 20),
                  Field("seconds", &Curve::seconds, "seconds at each row count", 0, max_coefficient));
  }
  void check(const Where& where) const {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i == 0 ? rows[0] == 1 : rows[i] > rows[i - 1]) continue;
      throw Error(concat(where.at("rows").str(), ": found ", rows[i],
                         i == 0 ? " first" : concat(" after ", rows[i - 1]), ", expected row counts ascending from 1"));
    }
    if (rows.empty()) throw Error(concat(where.at("rows").str(), ": found none, expected row counts ascending from 1"));
    if (seconds.size() != rows.size())
      throw Error(concat(where.at("seconds").str(), ": found ", seconds.size(), " numbers, expected ", rows.size(),
                         ", one to each of `rows`"));
  }
  friend bool operator==(const Curve&, const Curve&) = default;
};

// The seconds of a step are linear in the coefficients. All but the last three are fitted together (latency_fit.hpp).
struct LatencyModel {
  // Identity: the model and machine for which the coefficients hold.
  std::string model;  // fingerprint
  std::string backend, instruction_set;
  int threads = 1;
  KvType kv = KvType::f16;
  int step_rows = 512;
  // [2 * n_layers] index of the curve: sub-layers of equal kind, shape and weight types share one.
  std::vector<int> groups;
  std::vector<int> windows = {};  // [n_layers] or empty: positions that a row of each layer sees, 0: all
  std::vector<int> ropes = {};    // [n_layers] or empty: entries are copied only between layers of equal numbers

  // Coefficients, in seconds.
  Curve base;                    // a step that skips everything: plan, upload, embedding; by rows
  Curve head;                    // output head and choice of the most probable token; by rows that want logits
  Curve project;                 // K/V projection of a skipped attention; by rows that store K/V
  std::vector<Curve> sublayers;  // [groups] a sub-layer without the K/V entries it reads; by rows that run it
  double prompt_entry = 0;       // per K/V entry that a prompt row reads in a layer
  double decode_entry = 0;       // per K/V entry that a decoded token's row reads in a layer
  double copied_row = 0;         // per K/V entry copied from the layer below
  double scaled_row = 0;         // per row scaled in place of a sub-layer
  double observed_row = 0;       // per row and sub-layer whose moments are computed
  double judged_row = 0;         // per token whose signals are computed, in addition to its most probable token
  double forked_entry = 0;       // per K/V entry of the shared prefix copied to a branch
  double segment = 0;            // per segment: the policy's decisions for a token or a prompt
  double token = 0;              // per prompt token: tokenizing

  void set_layers(const ModelConfig& config, const std::vector<int>& sublayer_groups) {
    groups = sublayer_groups;
    for (int l = 0; l < std::ssize(config.layer_kinds); ++l) {
      windows.push_back(config.kinds().window_of(l));
      ropes.push_back(static_cast<int>(config.kinds()[l].rope));
    }
  }
  [[nodiscard]] std::size_t n_sublayers() const { return groups.size(); }

  // Seconds of any step, also of a batch.
  [[nodiscard]] double step_seconds(const StepWork& work) const {
    double sum = 0;
    terms(work, [&](std::size_t, double coefficient, double amount) { sum = std::fma(coefficient, amount, sum); });
    return sum;
  }
  // Seconds of one stage of one question at batch 1, including tokenizing.
  [[nodiscard]] double stage_seconds(const StageShape& shape, const Decisions& prefill, const Decisions& decode) const {
    LITESTAGE_ASSERT(prefill.size() == groups.size(), prefill.size(), " decisions for ", groups.size(), " sub-layers");
    StageSteps steps(shape, step_rows, prefill, decode, windows, ropes);
    double tokens = 0;
    for (const BranchShape& b : shape.branches) tokens += b.prompt_tokens;
    double sum = token * tokens;
    sum = std::fma(segment, steps.segments(), sum);
    sum = std::fma(forked_entry, steps.forked_entries(), sum);
    StepWork work;
    while (steps.next(work)) sum += step_seconds(work);
    return sum;
  }

  // Calls add(number, coefficient, amount) for every coefficient that contributes to the step, numbered as in
  // `coefficients`.
  template <class Add>
  void terms(const StepWork& work, Add&& add) const {
    std::size_t first = 0;
    const auto weigh = [&](const Curve& curve, int n) {
      curve.weigh(n, [&](std::size_t i, double weight) { add(first + i, curve.seconds[i], weight); });
    };
    weigh(base, work.rows);
    first += base.rows.size();
    weigh(head, work.wanted);
    first += head.rows.size();
    for (const int n : work.projected) weigh(project, n);
    first += project.rows.size();
    for (int g = 0; g < std::ssize(sublayers); ++g) {
      for (std::size_t u = 0; u < groups.size(); ++u) {
        if (groups[u] == g) weigh(sublayers[g], work.runs[u]);
      }
      first += sublayers[g].rows.size();
    }
    add(first, prompt_entry, work.prompt_entries);
    add(first + 1, decode_entry, work.decode_entries);
    add(first + 2, copied_row, work.copied);
    add(first + 3, scaled_row, work.scaled);
    add(first + 4, observed_row, work.observed);
    add(first + 5, judged_row, work.judged);
  }
  // Mutable pointers to the coefficients that `terms` numbers.
  [[nodiscard]] std::vector<double*> coefficients() {
    std::vector<double*> all;
    const auto list = [&](Curve& curve) {
      for (double& s : curve.seconds) all.push_back(&s);
    };
    list(base), list(head), list(project);
    for (Curve& c : sublayers) list(c);
    for (double* c : {&prompt_entry, &decode_entry, &copied_row, &scaled_row, &observed_row, &judged_row}) {
      all.push_back(c);
    }
    return all;
  }

  static constexpr auto fields() {
    using M = LatencyModel;
    const auto seconds = [](const char* key, double M::*member, const char* help) {
      return Field(key, member, help, 0, max_coefficient);
    };
    return Fields(
        Field("model", &M::model, "fingerprint of the model"), Field("backend", &M::backend, "backend"),
        Field("instruction_set", &M::instruction_set, "instruction set of the kernels"),
        Field("threads", &M::threads, "number of threads", 1, 4096), Field("kv", &M::kv, "type of the K/V cache"),
        Field("step_rows", &M::step_rows, "largest number of rows in a step", 1, 1 << 20),
        Field("groups", &M::groups, "for each sub-layer, the index of its curve in `sublayers`", 0, 1 << 12),
        Field("windows", &M::windows, "for each layer, the positions that a row sees; 0: all", 0, 1 << 24)
            .with(Presence::unless_default),
        Field("ropes", &M::ropes, "for each layer, the number of its RoPE", 0, 2).with(Presence::unless_default),
        Field("base", &M::base, "seconds of a step that skips every sub-layer, by rows"),
        Field("head", &M::head, "seconds of the output head, by rows that want logits"),
        Field("project", &M::project, "seconds of the K/V projection of a skipped attention, by rows"),
        Field("sublayers", &M::sublayers, "seconds of a sub-layer of each group, by rows that run it"),
        seconds("prompt_entry", &M::prompt_entry, "seconds per K/V entry that a prompt's row reads"),
        seconds("decode_entry", &M::decode_entry, "seconds per K/V entry that a decoded token's row reads"),
        seconds("copied_row", &M::copied_row, "seconds per K/V entry copied from the layer below"),
        seconds("scaled_row", &M::scaled_row, "seconds per row scaled in place of a sub-layer"),
        seconds("observed_row", &M::observed_row, "seconds per row and sub-layer whose moments are computed"),
        seconds("judged_row", &M::judged_row, "seconds per token whose signals are computed"),
        seconds("forked_entry", &M::forked_entry, "seconds per K/V entry copied to a branch"),
        seconds("segment", &M::segment, "seconds of a policy's decisions per segment"),
        seconds("token", &M::token, "seconds of tokenizing per prompt token"));
  }
  void check(const Where& where) const {
    if (groups.empty() || groups.size() % 2 != 0) {
      throw Error(concat(where.at("groups").str(), ": found ", groups.size(),
                         " numbers, expected an even number of them, one to a sub-layer"));
    }
    for (const auto& [list, key] : {std::pair(&windows, "windows"), std::pair(&ropes, "ropes")}) {
      if (list->empty() || list->size() == groups.size() / 2) continue;
      throw Error(concat(where.at(key).str(), ": found ", list->size(), " numbers, expected ", groups.size() / 2,
                         ", one to a layer"));
    }
    for (const int g : groups) {
      if (g >= 0 && g < std::ssize(sublayers)) continue;
      throw Error(concat(where.at("groups").str(), ": found ", g, ", expected numbers below ", sublayers.size(),
                         ", the curves of `sublayers`"));
    }
  }
  friend bool operator==(const LatencyModel&, const LatencyModel&) = default;

  [[nodiscard]] Form to_form(bool /*all*/ = true) const { return write_fields(*this); }
  // No coefficient has a default: a missing one would be predicted as free.
  [[nodiscard]] static LatencyModel from_form(const Form& form, const Where& where) {
    if (!form.is_map()) reject<LatencyModel>(form, where, {});
    const auto need = [&](const auto& field) {
      if (field.presence == Presence::always) static_cast<void>(form.at(field.key, where.str()));
    };
    fields().each(need);
    return read_fields<LatencyModel>(form, where);
  }
  [[nodiscard]] static std::string expected() { return concat("a latency model with ", key_list<LatencyModel>()); }
};

}  // namespace litestage::calibrate
