// A run over a question set: how it was made, and every answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "litestage/evaluate/recorded_answer.hpp"
#include "litestage/evaluate/summary.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::evaluate {

// A Form holds signed 64-bit numbers: seeds of 2^63 and above are written as negative numbers and read back unchanged.
struct SeedForm {
  [[nodiscard]] static Form write(std::uint64_t seed) { return Form(static_cast<std::int64_t>(seed)); }
  [[nodiscard]] static std::uint64_t read(const Form& form, const Where& where) {
    if (!form.is<std::int64_t>()) reject<std::int64_t>(form, where, {});
    return static_cast<std::uint64_t>(form.integer(""));
  }
};

struct RunInfo {
  static constexpr bool complete = true;
  std::string method;     // name of the run in tables, e.g. "full depth", "litestage"
  std::string model;      // name of the file
  std::string backend;    // "cpu", "reference", ...
  std::string task;       // a name from tasks.hpp
  std::string data;       // name of the file
  std::string answering;  // "extracted" or "letter"
  Form policies;          // {"stages": ..., "skip": ..., "exit": ...}, each policy as a Form
  std::uint64_t seed = 0;
  std::size_t asked = 0;  // number of questions, above the number of answers if the run was stopped
  double clock_s = 0;     // of the whole run if questions ran in batches, so that their own times overlap; else 0

  static constexpr auto fields() {
    using R = RunInfo;
    return Fields(Field("method", &R::method, "name of the run in tables"),
                  Field("model", &R::model, "name of the model's file"),
                  Field("backend", &R::backend, "name of the backend"), Field("task", &R::task, "name of the task"),
                  Field("data", &R::data, "name of the questions' file"),
                  Field("answering", &R::answering, "extracted or letter"),
                  Field("policies", &R::policies, "the policies as JSON"),
                  coded_field<SeedForm>("seed", &R::seed, "seed of the sampler"),
                  Field("clock_s", &R::clock_s, "seconds of the whole run, if questions ran in batches; else 0", 0),
                  Field("asked", &R::asked, "number of questions of the run", 0).with(Presence::missing_in_older));
  }
  friend bool operator==(const RunInfo&, const RunInfo&) = default;
};

struct Results {
  static constexpr bool complete = true;
  RunInfo info;
  std::vector<RecordedAnswer> answers;

  static constexpr auto fields() {
    using R = Results;
    return Fields(InlineField(&R::info), Field("answers", &R::answers, "answer to each question"),
                  ComputedField("summary", [](const R& r) { return summarize(r.answers, r.info.clock_s); }));
  }
  void fill_older(const Form& form) {  // files without `asked` come from complete runs
    if (form.find("asked") == nullptr) info.asked = answers.size();
  }
  friend bool operator==(const Results&, const Results&) = default;
};

}  // namespace litestage::evaluate
