// Results <-> Form: the results file, format "litestage.results/1". Names once released stay; new ones may be added, so
// reading ignores keys it does not know. `gold` and `predicted` are letters, null where there is none. `summary` is
// written for readers of the file and not read back: it follows from the answers (results.hpp).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/outside_text.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/evaluate/results.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/tasks/tasks.hpp"

namespace litestage::evaluate {

inline constexpr std::string_view results_format = "litestage.results/1";

// ---- writing ----

namespace detail {

[[nodiscard]] inline Form option_form(int option) {
  return option == no_answer ? Form() : Form(std::string(1, option_letter(static_cast<std::size_t>(option))));
}

template <class T, class ToForm>
[[nodiscard]] Form list_form(const std::vector<T>& values, ToForm to) {
  Form::List list;
  list.reserve(values.size());
  for (const T& value : values) list.push_back(to(value));
  return list;
}

}  // namespace detail

[[nodiscard]] inline Form to_form(const BranchReport& b) {
  Form f;
  f.add("text", b.text);
  f.add("tokens", detail::list_form(b.tokens, [](int token) { return Form(token); }));
  f.add("stop", name(b.stop)).add("generated_tokens", b.generated_tokens);
  if (!b.trace.empty()) f.add("trace", detail::list_form(b.trace, [](float value) { return write_float(value); }));
  return f;
}

[[nodiscard]] inline Form to_form(const StageReport& s) {
  Form f;
  f.add("name", s.name).add("prompt_tokens", s.prompt_tokens).add("shared_tokens", s.shared_tokens);
  f.add("generated_tokens", s.generated_tokens);
  f.add("sublayers_skipped", s.sublayers_skipped).add("sublayers_skipped_mean", s.sublayers_skipped_mean);
  f.add("prefill_s", s.prefill_s).add("decode_s", s.decode_s);
  f.add("branches", detail::list_form(s.branches, [](const BranchReport& b) { return to_form(b); }));
  return f;
}

[[nodiscard]] inline Form to_form(const NoRoom& n) {
  Form f;
  f.add("stage", n.stage).add("needed", n.needed).add("context", n.context);
  return f;
}

[[nodiscard]] inline Form to_form(const Answer& a) {
  Form f;
  f.add("id", a.id).add("gold", detail::option_form(a.gold)).add("predicted", detail::option_form(a.predicted));
  f.add("seconds", a.seconds);
  f.add("stages", detail::list_form(a.stages, [](const StageReport& s) { return to_form(s); }));
  if (a.no_room) f.add("no_room", to_form(*a.no_room));
  return f;
}

[[nodiscard]] inline Form to_form(const StageSummary& s) {
  Form f;
  f.add("name", s.name).add("questions", s.questions);
  f.add("prompt_tokens", s.prompt_tokens).add("generated_tokens", s.generated_tokens);
  f.add("sublayers_skipped", s.sublayers_skipped).add("sublayers_skipped_mean", s.sublayers_skipped_mean);
  f.add("prefill_s", s.prefill_s).add("decode_s", s.decode_s);
  return f;
}

[[nodiscard]] inline Form to_form(const Summary& s) {
  Form f;
  f.add("questions", s.questions).add("answered", s.answered);
  f.add("scored", s.accuracy.trials).add("correct", s.accuracy.hits);
  f.add("accuracy", s.accuracy.value).add("low", s.accuracy.low).add("high", s.accuracy.high);
  f.add("seconds", s.seconds).add("prompt_tokens", s.prompt_tokens).add("tokens", s.tokens);
  f.add("tokens_per_s", s.tokens_per_s).add("questions_per_minute", s.questions_per_minute);
  f.add("seconds_per_question", s.seconds_per_question).add("tokens_per_question", s.tokens_per_question);
  f.add("stages", detail::list_form(s.stages, [](const StageSummary& stage) { return to_form(stage); }));
  return f;
}

[[nodiscard]] inline Form to_form(const Results& r) {
  Form f;
  f.add("format", results_format).add("method", r.info.method).add("model", r.info.model);
  f.add("backend", r.info.backend).add("task", r.info.task).add("data", r.info.data);
  f.add("answering", r.info.answering).add("policies", r.info.policies);
  f.add("seed", r.info.seed).add("clock_s", r.info.clock_s).add("asked", r.info.asked);
  f.add("answers", detail::list_form(r.answers, [](const Answer& a) { return to_form(a); }));
  f.add("summary", to_form(summarize(r.answers, r.info.clock_s)));
  return f;
}

// ---- reading ----

namespace detail {

// One object of the file: `at` names the file and the keys that lead here. Every getter checks and names what it reads.
class Reader {
 public:
  Reader(const Form& form, std::string at) : form_(form), at_(std::move(at)) { static_cast<void>(form_.map(at_)); }

  [[nodiscard]] bool has(std::string_view key) const { return form_.find(key) != nullptr; }
  [[nodiscard]] const Form& get(std::string_view key) const { return form_.at(key, at_); }
  [[nodiscard]] std::string path(std::string_view key) const { return concat(at_, ": ", key); }
  [[nodiscard]] const std::string& text(std::string_view key) const { return get(key).string(path(key)); }
  [[nodiscard]] int count(std::string_view key) const { return count(get(key), path(key)); }
  // A time or a mean: JSON cannot say infinity, but other sources of Forms can.
  [[nodiscard]] double amount(std::string_view key) const {
    const double value = get(key).number(path(key));
    if (!(value >= 0) || std::isinf(value)) throw Error(concat(path(key), " is ", value, ", accepted is 0 or more"));
    return value;
  }
  [[nodiscard]] int option(std::string_view key) const {
    return get(key).is_null() ? no_answer : tasks::parse_answer_key(get(key), max_options, path(key));
  }
  // [Form] -> vector, naming the place of each member.
  template <class FromForm>
  [[nodiscard]] auto list(std::string_view key, FromForm from) const {
    std::vector<decltype(from(get(key), std::string()))> values;
    const Form::List& members = get(key).list(path(key));
    values.reserve(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      values.push_back(from(members[i], concat(path(key), "[", i, "]")));
    }
    return values;
  }
  [[nodiscard]] static int count(const Form& value, const std::string& what) {
    const std::int64_t n = value.integer(what);
    if (n < 0 || n > std::numeric_limits<int>::max()) {
      throw Error(concat(what, " is ", n, ", accepted are 0 to ", std::numeric_limits<int>::max()));
    }
    return static_cast<int>(n);
  }

 private:
  const Form& form_;
  std::string at_;
};

[[nodiscard]] inline StopReason stop_reason_from(const std::string& text, const std::string& what) {
  std::string accepted;
  for (std::size_t i = 0; i < stop_reason_names.size(); ++i) {
    if (stop_reason_names[i] == text) return static_cast<StopReason>(i);
    accepted += concat(i == 0 ? "" : ", ", stop_reason_names[i]);
  }
  throw Error(concat(what, " is ", in_quotes(text), ", accepted are ", accepted));
}

[[nodiscard]] inline BranchReport branch_from_form(const Form& form, const std::string& where) {
  const Reader in(form, where);
  BranchReport b;
  b.text = in.text("text");
  b.tokens = in.list("tokens", [](const Form& t, const std::string& at) { return Reader::count(t, at); });
  b.stop = stop_reason_from(in.text("stop"), in.path("stop"));
  // Older files do not tell; then all that can be said is that as many were chosen as were kept.
  b.generated_tokens = in.has("generated_tokens") ? in.count("generated_tokens") : static_cast<int>(b.tokens.size());
  if (in.has("trace")) {
    b.trace = in.list("trace", [](const Form& t, const std::string& at) { return static_cast<float>(t.number(at)); });
  }
  return b;
}

}  // namespace detail

// The member "no_room", of those that have it.
[[nodiscard]] inline std::optional<NoRoom> no_room_from_form(const Form& form, const std::string& where) {
  const detail::Reader outer(form, where);
  if (!outer.has("no_room")) return std::nullopt;
  const detail::Reader in(outer.get("no_room"), outer.path("no_room"));
  return NoRoom{in.text("stage"), static_cast<std::size_t>(in.count("needed")),
                static_cast<std::size_t>(in.count("context"))};
}

[[nodiscard]] inline StageReport stage_report_from_form(const Form& form, const std::string& where) {
  const detail::Reader in(form, where);
  StageReport s;
  s.name = in.text("name");
  s.prompt_tokens = in.count("prompt_tokens");
  s.shared_tokens = in.count("shared_tokens");
  s.generated_tokens = in.count("generated_tokens");
  s.sublayers_skipped = in.count("sublayers_skipped");
  s.sublayers_skipped_mean = in.amount("sublayers_skipped_mean");
  s.prefill_s = in.amount("prefill_s");
  s.decode_s = in.amount("decode_s");
  s.branches = in.list("branches", detail::branch_from_form);
  return s;
}

namespace detail {

[[nodiscard]] inline Answer answer_from_form(const Form& form, const std::string& where) {
  const Reader in(form, where);
  return {in.text("id"),
          in.option("gold"),
          in.option("predicted"),
          in.amount("seconds"),
          in.list("stages", stage_report_from_form),
          no_room_from_form(form, where)};
}

}  // namespace detail

[[nodiscard]] inline Results results_from_form(const Form& form, std::string_view source) {
  const detail::Reader in(form, std::string(source));
  if (in.text("format") != results_format) {
    throw Error(
        concat(in.path("format"), " is ", in_quotes(in.text("format")), ", accepted is \"", results_format, "\""));
  }
  Results r;
  r.info.method = in.text("method");
  r.info.model = in.text("model");
  r.info.backend = in.text("backend");
  r.info.task = in.text("task");
  r.info.data = in.text("data");
  r.info.answering = in.text("answering");
  r.info.policies = in.get("policies");
  // Form holds 64 signed bits: seeds of 2^63 and more are written as negative numbers and come back the same.
  r.info.seed = static_cast<std::uint64_t>(in.get("seed").integer(in.path("seed")));
  r.info.clock_s = in.amount("clock_s");
  r.answers = in.list("answers", detail::answer_from_form);
  // Files of before it was written are those of whole runs.
  r.info.asked = in.has("asked") ? static_cast<std::size_t>(in.amount("asked")) : r.answers.size();
  return r;
}

}  // namespace litestage::evaluate
