#include "litestage/evaluate/results_form.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evaluate/sample_results.hpp"

namespace {

using litestage::Error;
using litestage::Form;
namespace evaluate = litestage::evaluate;

// A copy of `form` in which the value at a path of keys and list positions is another one.
Form with(const Form& form, std::span<const std::string> path, const Form& value) {
  if (path.empty()) return value;
  if (form.is_list()) {
    Form::List list = form.list("list");
    Form& member = list.at(std::stoul(path[0]));
    member = with(member, path.subspan(1), value);
    return list;
  }
  Form::Map map = form.map("map");
  for (Form::Member& member : map) {
    if (member.first == path[0]) member.second = with(member.second, path.subspan(1), value);
  }
  return map;
}

Form sample_with(const std::vector<std::string>& path, const Form& value) {
  return with(evaluate::to_form(sample_results()), path, value);
}

Form without(const Form& form, std::string_view key) {
  Form::Map map = form.map("map");
  std::erase_if(map, [&](const Form::Member& m) { return m.first == key; });
  return map;
}

std::string form_error(const Form& form) {
  try {
    static_cast<void>(evaluate::results_from_form(form, "r.json"));
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a file that does not say how many questions were asked is that of a whole run") {
  const Form old = without(evaluate::to_form(sample_results()), "asked");
  CHECK(evaluate::results_from_form(old, "r.json").info.asked == sample_results().answers.size());
}

TEST_CASE("what is written is read back") {
  const evaluate::Results r = sample_results();
  CHECK(evaluate::results_from_form(evaluate::to_form(r), "r.json") == r);
  CHECK(evaluate::results_from_form(evaluate::to_form(evaluate::Results{}), "r.json") == evaluate::Results{});
}

TEST_CASE("an answer says why it is none, where the context was too small, and is silent about it elsewhere") {
  evaluate::Results r = sample_results();
  CHECK(evaluate::to_form(r).at("answers", "").list("")[2].find("no_room") == nullptr);
  r.answers[2].no_room = litestage::NoRoom{"analyze", 402, 330};
  const Form form = evaluate::to_form(r);
  const Form& written = form.at("answers", "").list("")[2].at("no_room", "");
  CHECK(written.at("stage", "").string("") == "analyze");
  CHECK(written.at("needed", "").integer("") == 402);
  CHECK(evaluate::results_from_form(form, "r.json") == r);
}

TEST_CASE("the keys of the results file are the promised ones") {
  const Form f = evaluate::to_form(sample_results());
  const auto keys = [](const Form& form) {
    std::string names;
    for (const Form::Member& m : form.map("form")) names += m.first + " ";
    return names;
  };
  CHECK(keys(f) == "format method model backend task data answering policies seed clock_s asked answers summary ");
  CHECK(f.at("format", "f") == Form("litestage.results/1"));
  const Form& answer = f.at("answers", "f").list("answers")[0];
  CHECK(keys(answer) == "id gold predicted seconds stages ");
  CHECK(answer.at("gold", "f") == Form("B"));
  const Form& stage = answer.at("stages", "f").list("stages")[0];
  CHECK(keys(stage) ==
        "name prompt_tokens shared_tokens generated_tokens sublayers_skipped sublayers_skipped_mean prefill_s decode_s "
        "branches ");
  CHECK(keys(stage.at("branches", "f").list("branches")[0]) == "text tokens stop generated_tokens trace ");
  CHECK(f.at("answers", "f").list("answers")[1].at("gold", "f").is_null());
  CHECK(keys(f.at("summary", "f")) ==
        "questions answered scored correct accuracy low high seconds prompt_tokens tokens tokens_per_s "
        "questions_per_minute seconds_per_question tokens_per_question stages ");
  CHECK(f.at("summary", "f").at("tokens_per_s", "f") == Form(5.0));
}

TEST_CASE("answers of any kind, and several right ones, are written and read back") {
  evaluate::Results results = sample_results();
  results.answers[0].kind = litestage::AnswerKind::number;
  results.answers[0].gold = {{"18"}, {"27/4"}};
  results.answers[0].predicted = {"50%"};
  const Form form = evaluate::to_form(results);
  const Form& answer = form.at("answers", "f").list("answers")[0];
  CHECK(answer.at("gold", "f") == Form(Form::List{"18", "27/4"}));
  CHECK(answer.at("predicted", "f") == Form("50%"));
  CHECK(answer.at("kind", "f") == Form("number"));
  CHECK(form.at("answers", "f").list("answers")[1].find("kind") == nullptr);  // letters, as in older files
  CHECK(evaluate::results_from_form(form, "r.json") == results);
  CHECK(form_error(sample_with({"answers", "2", "gold"}, Form::List{"A", "x"})) ==
        "r.json, answers[2].gold: found \"x\", expected null or a letter from A to Z");
  CHECK(form_error(sample_with({"answers", "2", "gold"}, "")) ==
        "r.json, answers[2].gold: found \"\", expected null or an answer as a text");
}

TEST_CASE("unknown keys and the stored summary are not read") {
  Form f = without(evaluate::to_form(sample_results()), "summary");
  f.add("machine", "a new key");
  CHECK(evaluate::results_from_form(f, "r.json") == sample_results());
}

TEST_CASE("every other key is needed") {
  const Form f = evaluate::to_form(sample_results());
  for (const Form::Member& m : f.map("f")) {
    if (m.first == "summary" || m.first == "asked") continue;
    CHECK(form_error(without(f, m.first)).find("r.json: key \"" + m.first + "\" is missing, expected ") == 0);
  }
  const Form& answer = f.at("answers", "f").list("answers")[0];
  for (const Form::Member& m : answer.map("f")) {
    CHECK(form_error(sample_with({"answers", "0"}, without(answer, m.first)))
              .find("r.json, answers[0]: key \"" + m.first + "\" is missing, expected id, gold, predicted") == 0);
  }
  const Form& stage = answer.at("stages", "f").list("stages")[0];
  for (const Form::Member& m : stage.map("f")) {
    CHECK(form_error(sample_with({"answers", "0", "stages", "0"}, without(stage, m.first)))
              .find("r.json, answers[0].stages[0]: key \"" + m.first + "\" is missing, expected name, ") == 0);
  }
}

TEST_CASE("wrong values are errors that name their place") {
  CHECK(form_error(Form(3)).find("r.json: found 3, expected settings with method, model, ") == 0);
  CHECK(form_error(sample_with({"format"}, "litestage.results/2")) ==
        "r.json, format: found \"litestage.results/2\", expected litestage.results/1");
  CHECK(form_error(sample_with({"answers"}, "none")).find("r.json, answers: found \"none\", expected a list") == 0);
  CHECK(form_error(sample_with({"answers", "2", "gold"}, "a")) ==
        "r.json, answers[2].gold: found \"a\", expected null or a letter from A to Z");
  CHECK(form_error(sample_with({"answers", "0", "predicted"}, 1)) ==
        "r.json, answers[0].predicted: found 1, expected null or an answer as a text");
  CHECK(form_error(sample_with({"answers", "0", "seconds"}, -1.5)) ==
        "r.json, answers[0].seconds: found -1.5, expected a finite number of at least 0");
  CHECK(form_error(sample_with({"answers", "0", "seconds"}, std::numeric_limits<double>::quiet_NaN())) ==
        "r.json, answers[0].seconds: found nan, expected a finite number of at least 0");
  CHECK(form_error(sample_with({"answers", "0", "seconds"}, std::numeric_limits<double>::infinity())) ==
        "r.json, answers[0].seconds: found inf, expected a finite number of at least 0");
  CHECK(form_error(sample_with({"answers", "0", "stages", "1", "prompt_tokens"}, -1)) ==
        "r.json, answers[0].stages[1].prompt_tokens: found -1, expected an integer from 0 to 2147483647");
  CHECK(form_error(sample_with({"answers", "0", "stages", "1", "prompt_tokens"}, 2147483648)) ==
        "r.json, answers[0].stages[1].prompt_tokens: found 2147483648, expected an integer from 0 to 2147483647");
  CHECK(form_error(sample_with({"answers", "0", "stages", "0", "branches", "0", "stop"}, "bored")) ==
        "r.json, answers[0].stages[0].branches[0].stop: found \"bored\", expected one of eos, stop_string, exit, cap, "
        "context");
  CHECK(form_error(sample_with({"answers", "0", "stages", "0", "branches", "0", "tokens", "2"}, "x")) ==
        "r.json, answers[0].stages[0].branches[0].tokens[2]: found \"x\", expected an integer from 0 to 2147483647");
}

TEST_CASE("a branch of an older file chose as many tokens as it kept") {
  const Form f = evaluate::to_form(sample_results());
  const Form& branch = f.at("answers", "").list("")[0].at("stages", "").list("")[0].at("branches", "").list("")[0];
  const Form old = sample_with({"answers", "0", "stages", "0", "branches", "0"},
                               without(without(branch, "generated_tokens"), "trace"));
  const evaluate::Results read = evaluate::results_from_form(old, "r.json");
  CHECK(read.answers[0].stages[0].branches[0].generated_tokens == 3);
  CHECK(read.answers[0].stages[0].branches[0].trace.empty());
}

TEST_CASE("every stop reason has its name") {
  using litestage::StopReason;
  for (const StopReason reason :
       {StopReason::eos, StopReason::stop_string, StopReason::exit, StopReason::cap, StopReason::context}) {
    evaluate::Results r = sample_results();
    r.answers[0].stages[0].branches[0].stop = reason;
    CHECK(evaluate::results_from_form(evaluate::to_form(r), "r.json") == r);
  }
  CHECK(name(StopReason::eos) == "eos");
  CHECK(name(StopReason::stop_string) == "stop_string");
  CHECK(name(StopReason::exit) == "exit");
  CHECK(name(StopReason::cap) == "cap");
  CHECK(name(StopReason::context) == "context");
}
