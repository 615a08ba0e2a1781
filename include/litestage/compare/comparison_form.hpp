// A comparison as Form: its file, format "litestage.comparison/1", and the records of finished work that a journal
// keeps. Names once released stay; new ones may be added. No texts of questions or answers are in either.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/compare/comparison.hpp"
#include "litestage/core/error.hpp"
#include "litestage/evaluate/results_form.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::compare {

inline constexpr std::string_view comparison_format = "litestage.comparison/1";

// ---- one method on one question ----

namespace detail {

[[nodiscard]] inline Form stops_form(const StopCounts& stops) {
  Form f{Form::Map{}};
  for (std::size_t r = 0; r < stops.size(); ++r) {
    if (stops[r] != 0) f.add(std::string(stop_reason_names[r]), stops[r]);
  }
  return f;
}

[[nodiscard]] inline StopCounts stops_from_form(const Form& form, const std::string& where) {
  StopCounts stops{};
  for (const auto& [key, value] : form.map(where)) {
    stops[static_cast<std::size_t>(evaluate::detail::stop_reason_from(key, where))] =
        evaluate::detail::Reader::count(value, concat(where, ": ", key));
  }
  return stops;
}

[[nodiscard]] inline Form trace_form(const BranchTrace& trace) {
  Form f;
  f.add("values", evaluate::detail::list_form(trace.values, [](float v) { return write_float(v); }))
      .add("stop", name(trace.stop));
  return f;
}

[[nodiscard]] inline BranchTrace trace_from_form(const Form& form, const std::string& where) {
  const evaluate::detail::Reader in(form, where);
  BranchTrace trace;
  trace.values =
      in.list("values", [](const Form& v, const std::string& at) { return static_cast<float>(v.number(at)); });
  trace.stop = evaluate::detail::stop_reason_from(in.text("stop"), in.path("stop"));
  return trace;
}

[[nodiscard]] inline Form outcome_stage_form(const StageOutcome& s) {
  Form f;
  f.add("name", s.name).add("prompt_tokens", s.prompt_tokens).add("shared_tokens", s.shared_tokens);
  f.add("generated_tokens", s.generated_tokens);
  f.add("branch_tokens", evaluate::detail::list_form(s.branch_tokens, [](int n) { return Form(n); }));
  f.add("sublayers_skipped", s.sublayers_skipped).add("sublayers_skipped_mean", s.sublayers_skipped_mean);
  f.add("stops", stops_form(s.stops));
  if (!s.traces.empty()) f.add("traces", evaluate::detail::list_form(s.traces, trace_form));
  return f;
}

[[nodiscard]] inline StageOutcome outcome_stage_from_form(const Form& form, const std::string& where) {
  const evaluate::detail::Reader in(form, where);
  StageOutcome s;
  s.name = in.text("name");
  s.prompt_tokens = in.count("prompt_tokens");
  s.shared_tokens = in.count("shared_tokens");
  s.generated_tokens = in.count("generated_tokens");
  s.branch_tokens = in.list(
      "branch_tokens", [](const Form& n, const std::string& at) { return evaluate::detail::Reader::count(n, at); });
  s.sublayers_skipped = in.count("sublayers_skipped");
  s.sublayers_skipped_mean = in.amount("sublayers_skipped_mean");
  s.stops = stops_from_form(in.get("stops"), in.path("stops"));
  if (in.has("traces")) s.traces = in.list("traces", trace_from_form);
  return s;
}

[[nodiscard]] inline Form timed_stage_form(const StageTiming& s) {
  Form f;
  f.add("prefill_s", s.prefill_s).add("decode_s", s.decode_s).add("generated_tokens", s.generated_tokens);
  return f;
}

[[nodiscard]] inline StageTiming timed_stage_from_form(const Form& form, const std::string& where) {
  const evaluate::detail::Reader in(form, where);
  return {in.amount("prefill_s"), in.amount("decode_s"), in.count("generated_tokens")};
}

}  // namespace detail

[[nodiscard]] inline Form to_form(const MethodOutcome& o) {
  Form f;
  f.add("predicted", evaluate::detail::option_form(o.predicted))
      .add("stages", evaluate::detail::list_form(o.stages, detail::outcome_stage_form));
  if (o.no_room) f.add("no_room", evaluate::to_form(*o.no_room));
  return f;
}
[[nodiscard]] inline MethodOutcome outcome_from_form(const Form& form, const std::string& where) {
  const evaluate::detail::Reader in(form, where);
  return {in.option("predicted"), in.list("stages", detail::outcome_stage_from_form),
          evaluate::no_room_from_form(form, where)};
}

[[nodiscard]] inline Form to_form(const MethodTiming& t) {
  Form f;
  f.add("seconds", t.seconds).add("stages", evaluate::detail::list_form(t.stages, detail::timed_stage_form));
  return f;
}
[[nodiscard]] inline MethodTiming timing_from_form(const Form& form, const std::string& where) {
  const evaluate::detail::Reader in(form, where);
  return {in.amount("seconds"), in.list("stages", detail::timed_stage_from_form)};
}

// ---- the whole ----

namespace detail {

[[nodiscard]] inline Form to_form(const evaluate::Proportion& p) {
  Form f;
  f.add("value", p.value).add("low", p.low).add("high", p.high).add("hits", p.hits).add("trials", p.trials);
  return f;
}
[[nodiscard]] inline Form to_form(const std::optional<evaluate::Ratio>& r) {
  Form f;
  if (r) f.add("value", r->value).add("low", r->low).add("high", r->high);
  return f;
}
[[nodiscard]] inline Form to_form(const evaluate::PairedDifference& d) {
  Form f;
  f.add("value", d.value).add("low", d.low).add("high", d.high).add("p_value", d.p_value);
  f.add("only_this_right", d.counts.only_a).add("only_reference_right", d.counts.only_b);
  return f;
}
[[nodiscard]] inline Form to_form(const StageMeans& s) {
  Form f;
  f.add("name", s.name).add("prompt_tokens", s.prompt_tokens).add("generated_tokens", s.generated_tokens);
  f.add("forwarded_tokens", s.forwarded_tokens).add("branch_tokens", s.branch_tokens).add("branches", s.branches);
  f.add("sublayers_skipped", s.sublayers_skipped).add("sublayers_skipped_mean", s.sublayers_skipped_mean);
  return f;
}
[[nodiscard]] inline Form to_form(const Speed& s) {
  Form f;
  f.add("questions", s.questions).add("seconds_per_question", s.seconds).add("tokens_per_question", s.tokens);
  f.add("ms_per_token", s.ms_per_token).add("speed_up", to_form(s.speed_up));
  f.add("fewer_tokens", to_form(s.fewer_tokens)).add("faster_token", s.faster_token);
  return f;
}

[[nodiscard]] inline Form summary_form(const ComparisonRow& row) {
  Form f;
  f.add("accuracy", to_form(row.accuracy)).add("difference", to_form(row.difference));
  f.add("agreement", to_form(row.agreement)).add("silent", row.silent);
  f.add("stages", evaluate::detail::list_form(row.stages, [](const StageMeans& s) { return to_form(s); }));
  f.add("tokens_per_question", row.tokens).add("sublayers_skipped_mean", row.skipped);
  f.add("stops", stops_form(row.stops)).add("speed", to_form(row.speed)).add("unlike", row.unlike);
  return f;
}

// Every answer with its time, if it was timed.
[[nodiscard]] inline Form answers_form(const Method& method, const std::vector<ComparedQuestion>& questions) {
  Form::List list;
  for (std::size_t q = 0; q < method.outcomes.size(); ++q) {
    Form f;
    f.add("id", questions[q].id);
    const Form outcome = compare::to_form(method.outcomes[q]);
    for (const auto& [key, value] : outcome.map("")) f.add(key, value);
    if (q < method.timings.size()) f.add("timed", compare::to_form(method.timings[q]));
    list.push_back(std::move(f));
  }
  return list;
}

[[nodiscard]] inline Form method_form(const Comparison& c, const Method& method) {
  const auto or_null = [](const std::string& text) { return text.empty() ? Form() : Form(text); };
  Form f;
  f.add("name", method.name).add("setting", method.setting).add("policies", method.policies);
  f.add("missing", or_null(method.missing)).add("same_as", or_null(method.same_as));
  if (!method.missing.empty()) return f;
  f.add("summary", summary_form(compare_to(c.methods.front(), method, c.questions)));
  f.add("answers", answers_form(method, c.questions));
  return f;
}

}  // namespace detail

// `facts`: what it was made with, an object whose members come first.
[[nodiscard]] inline Form to_form(const Comparison& c, const Form& facts) {
  Form f;
  f.add("format", comparison_format);
  for (const auto& [key, value] : facts.map("facts")) f.add(key, value);
  f.add("warnings", evaluate::detail::list_form(c.warnings, [](const std::string& text) { return Form(text); }));
  f.add("questions", evaluate::detail::list_form(c.questions, [](const ComparedQuestion& q) {
          return Form().add("id", q.id).add("gold", evaluate::detail::option_form(q.gold));
        }));
  f.add("methods", evaluate::detail::list_form(c.methods, [&](const Method& m) { return detail::method_form(c, m); }));
  return f;
}

}  // namespace litestage::compare
