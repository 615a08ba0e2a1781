#include "litestage/stages/custom_check.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "common/error_of.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;
using test::error_of;

namespace {

// The message about a schedule with these members.
std::string said_of(const std::string& members) {
  return error_of([&] {
    static_cast<void>(read_value<stages::Standard>(io::parse_json(R"({"name": "custom", )" + members + "}", "f"), "f"));
  });
}
// The message about a schedule of these stages, without its beginning "f custom, stages".
std::string said_of_stages(const std::string& list, const std::string& more = "") {
  const std::string message = said_of("\"stages\": [" + list + "]" + more);
  const std::string_view start = "f custom, stages";
  return message.substr(0, start.size()) == start ? message.substr(start.size()) : message;
}

const std::string plan_as_text = R"({"name": "plan", "text": "{question}"}, )";
const std::string per_option = R"({"name": "weigh", "text": "{option}", "branches": "options"}, )";
const std::string plan_as_talk = R"({"name": "plan", "messages": [{"content": "{question}"}]}, )";
const std::string placeholders_after_plan =
    "{question}, {options}, {options_inline}, {plan}, {plan.sentence}, {field.NAME}, and {{ and }} for braces";

}  // namespace

TEST_CASE("custom: a schedule has a stage") {
  CHECK(said_of("\"stages\": []") == "f custom, stages: found an empty list, expected one stage or more");
  CHECK(error_of([] { static_cast<void>(read_value<stages::Standard>(Form("custom"), "--stages")); }) ==
        "--stages custom, stages: found an empty list, expected one stage or more");
  std::string many;
  for (int i = 0; i < 65; ++i) many += concat(i == 0 ? "" : ", ", R"({"name": "s)", i, R"(", "text": "x"})");
  CHECK(said_of_stages(many) == ": found 65 stages, expected at most 64");
  many.clear();
  for (int i = 0; i < 65; ++i) many += concat(i == 0 ? "" : ", ", R"({"name": "s)", i, R"(", "with_options": "x"})");
  CHECK(said_of_stages(R"({"name": "a", "text": "x"})", ", \"variants\": [" + many + "]") ==
        "f custom, variants: found 65 variants, expected at most 64");
  CHECK(said_of(R"("stages": [{"name": "a", "text": "x"}], "answers": {})") ==
        "f custom: key \"answers\" is unknown, expected stages, joins, variants, answer");
  CHECK(
      said_of_stages(R"({"name": "a", "txt": "x"})") ==
      "[0]: key \"txt\" is unknown, expected name, continues, branches, messages, text, continuation, max_new_tokens, "
      "stop");
}

TEST_CASE("custom: names are identifiers of their own") {
  CHECK(said_of_stages(R"({"text": "x"})") ==
        "[0].name: found no name, expected letters, digits and _, beginning with a letter");
  CHECK(said_of_stages(R"({"name": "a-b", "text": "x"})") ==
        "[0].name: found \"a-b\", expected letters, digits and _, beginning with a letter");
  CHECK(said_of_stages(R"({"name": "_a", "text": "x"})").find("[0].name: found \"_a\"") == 0);
  CHECK(said_of_stages(R"({"name": "1a", "text": "x"})").find("[0].name: found \"1a\"") == 0);
  CHECK(said_of_stages(R"({"name": "option", "text": "x"})")
            .find("[0].name: found \"option\", expected none of the reserved names question, options,") == 0);
  CHECK(said_of_stages(R"({"name": "all", "text": "x"})").find("[0].name: found \"all\", expected none of") == 0);
  CHECK(said_of_stages(plan_as_text + R"({"name": "plan", "text": "x"})") ==
        "[1].name: found \"plan\", expected a different name, because stages[0].name has this one");
  CHECK(said_of_stages(R"({"name": "a", "text": "x"})", R"(, "joins": [{"name": "a", "of": "a"}])") ==
        "f custom, joins[0].name: found \"a\", expected a different name, because stages[0].name has this one");
  CHECK(said_of_stages(R"({"name": "a", "text": "x"})", R"(, "variants": [{"name": "letter"}])")
            .find("f custom, variants[0].name: found \"letter\", expected none of") == 0);
}

TEST_CASE("custom: a stage has messages or text") {
  CHECK(said_of_stages(R"({"name": "a"})") == "[0]: found neither messages nor text, expected one of them");
  CHECK(said_of_stages(R"({"name": "a", "text": "x", "messages": [{"content": "y"}]})") ==
        "[0]: found both messages and text, expected one of them");
  CHECK(said_of_stages(R"({"name": "a", "messages": [{"content": ""}]})") ==
        "[0].messages[0].content: found an empty text, expected one or more characters");
  CHECK(said_of_stages(R"({"name": "a", "text": "x", "stop": ["\n", ""]})") ==
        "[0].stop[1]: found an empty string, expected one or more characters");
  CHECK(said_of_stages(R"({"name": "a", "text": "x", "max_new_tokens": 0})") ==
        "[0].max_new_tokens: found 0, expected an integer from 1 to 1000000");
}

TEST_CASE("custom: user and assistant take turns, and the user is last") {
  const auto roles = [](const std::string& before, std::initializer_list<std::string_view> list) {
    std::string messages;
    for (const std::string_view role : list)
      messages += concat(messages.empty() ? "" : ", ", R"({"role": ")", role, R"(", "content": "x"})");
    const std::string continues = before.empty() ? "" : R"("continues": "plan", )";
    return said_of_stages(before + R"({"name": "b", )" + continues + R"("messages": [)" + messages + "]}");
  };
  CHECK(roles("", {"system", "user", "assistant", "user"}) == "no error");
  CHECK(roles("", {"robot"}) == "[0].messages[0].role: found \"robot\", expected one of system, user, assistant");
  CHECK(roles("", {"system"}) ==
        "[0].messages: found a last message by system, expected one by user (the key continuation begins the model's "
        "answer)");
  CHECK(roles("", {"user", "assistant"}).find("[0].messages: found a last message by assistant") == 0);
  CHECK(roles("", {"assistant", "user"}) ==
        "[0].messages[0].role: found assistant, expected user, because user and assistant take turns");
  CHECK(roles("", {"user", "user"}).find("[0].messages[1].role: found user, expected assistant") == 0);
  CHECK(roles("", {"user", "system"}) ==
        "[0].messages[1].role: found system, expected assistant, because only a conversation's first message is the "
        "system's");
  CHECK(roles(plan_as_talk, {"user"}) == "no error");
  CHECK(roles(plan_as_talk, {"system", "user"}).find("[1].messages[0].role: found system, expected user") == 0);
}

TEST_CASE("custom: a stage continues an earlier one of its own kind") {
  CHECK(said_of_stages(plan_as_text + R"({"name": "b", "continues": "pla"})") ==
        "[1].continues: found \"pla\", expected an earlier stage: plan");
  CHECK(said_of_stages(R"({"name": "a", "continues": "plan"})") ==
        "[0].continues: found \"plan\", expected none, because no stage is before it");
  CHECK(said_of_stages(plan_as_text + R"({"name": "b", "continues": "b"})") ==
        "[1].continues: found \"b\", the stage itself, expected an earlier stage: plan");
  CHECK(said_of_stages(plan_as_text + R"({"name": "b", "continues": "c"}, {"name": "c", "continues": "b"})") ==
        "[1].continues: found \"c\", a later stage, expected an earlier stage: plan");
  CHECK(said_of_stages(plan_as_text + R"({"name": "b", "continues": "plan", "messages": [{"content": "x"}]})") ==
        "[1].continues: found \"plan\", which has text, expected a stage with messages, as this one has");
  CHECK(said_of_stages(plan_as_talk + R"({"name": "b", "continues": "plan", "text": "x"})") ==
        "[1].continues: found \"plan\", which has messages, expected a stage with text, as this one has");
}

TEST_CASE("custom: branches fit the stage that is continued") {
  CHECK(said_of_stages(R"({"name": "a", "text": "x", "branches": "each"})") ==
        "[0].branches: found \"each\", expected one, options or samples in a stage that continues none");
  CHECK(said_of_stages(per_option + R"({"name": "b", "continues": "weigh"})") ==
        "[1].branches: found \"one\", expected each, because the continued stage \"weigh\" has several branches");
  CHECK(said_of_stages(per_option + R"({"name": "b", "continues": "weigh", "branches": "samples"})")
            .find("[1].branches: found \"samples\", expected each") == 0);
  CHECK(said_of_stages(per_option + R"({"name": "b", "continues": "weigh", "branches": "options"})") == "no error");
  CHECK(said_of_stages(per_option + R"({"name": "b", "continues": "weigh", "branches": "each"})") == "no error");
  CHECK(said_of_stages(R"({"name": "a", "text": "x", "branches": "pair"})") ==
        "[0].branches: found \"pair\", expected one of one, options, each, samples");
}

TEST_CASE("custom: samples need a temperature") {
  const auto samples = [](const std::string& settings) {
    return said_of_stages(R"({"name": "a", "text": "x", "branches": {"name": "samples", )" + settings + "}}");
  };
  CHECK(samples("\"n\": 4, \"temperature\": 0") ==
        "[0].branches.temperature: found 0, with which every sample would be the same, expected a number above 0");
  CHECK(samples("\"n\": 0") == "[0].branches.n: found 0, expected an integer from 1 to 1024");
  CHECK(samples("\"seed\": -1") == "[0].branches.seed: found -1, expected an integer from 0 to 9007199254740992");
  CHECK(samples("\"n\": 4") == "no error");
}

TEST_CASE("custom: a text uses what exists at its stage") {
  const auto second = [](const std::string& text) {
    return said_of_stages(plan_as_text + R"({"name": "solve", "text": ")" + text +
                          R"("}, {"name": "state", "text": "x"})");
  };
  CHECK(second("{plan}{plan.sentence}{question}{options}{options_inline}{field.x}{{plan}}") == "no error");
  CHECK(second("{pla}") == "[1].text: found \"{pla}\", expected " + placeholders_after_plan);
  CHECK(second("{solve}") ==
        "[1].text: found \"{solve}\", the stage's own output, expected " + placeholders_after_plan);
  CHECK(second("{state}") ==
        "[1].text: found \"{state}\", the output of a later stage, expected " + placeholders_after_plan);
  CHECK(second("{plan.word}") == "[1].text: found \"{plan.word}\", expected " + placeholders_after_plan);
  CHECK(second("{letter}") == "[1].text: found \"{letter}\", expected " + placeholders_after_plan);
  CHECK(second("{field.}") == "[1].text: found \"{field.}\", expected " + placeholders_after_plan);
  CHECK(second("{plan") ==
        "[1].text: found \"{plan\", expected the name of a placeholder in braces, and {{ and }} for braces");
  CHECK(second("plan}").find("[1].text: found \"}\", expected the name of a placeholder") == 0);
  CHECK(said_of_stages(R"({"name": "a", "messages": [{"content": "{a}"}]})")
            .find("[0].messages[0].content: found \"{a}\", the stage's own output, expected") == 0);
  CHECK(
      said_of_stages(R"({"name": "a", "text": "x", "continuation": "{b}"})").find("[0].continuation: found \"{b}\"") ==
      0);
}

TEST_CASE("custom: branches are used by those that follow them, and by joins") {
  CHECK(
      said_of_stages(per_option + R"({"name": "b", "text": "{weigh}"})")
          .find("[1].text: found \"{weigh}\", the output of a stage with several branches, which only a join can use, "
                "expected {question}, {options}, {options_inline}, {field.NAME}, and") == 0);
  CHECK(said_of_stages(R"({"name": "a", "text": "x", "branches": "samples"}, {"name": "b", "text": "{option}{a}",
                           "branches": "options"})")
            .find("[1].text: found \"{a}\", the output of a stage with several branches") == 0);
  CHECK(said_of_stages(per_option + R"({"name": "b", "text": "{all_of}"})",
                       R"(, "joins": [{"name": "all_of", "of": "weigh", "line": "{letter}{weigh}{number}"}])") ==
        "no error");
  CHECK(said_of_stages(R"({"name": "a", "text": "{later}"}, {"name": "b", "text": "x"})",
                       R"(, "joins": [{"name": "later", "of": "b", "line": "x"}])")
            .find("[0].text: found \"{later}\", which joins the branches of \"b\", expected") == 0);
  CHECK(said_of_stages(plan_as_text + R"({"name": "b", "text": "x"})",
                       R"(, "joins": [{"name": "j", "of": "c", "line": "x"}])") ==
        "f custom, joins[0].of: found \"c\", expected a stage: plan, b");
  CHECK(
      said_of_stages(plan_as_text + R"({"name": "b", "text": "x"})",
                     R"(, "joins": [{"name": "j", "of": "plan", "line": "{b}"}])")
          .find("f custom, joins[0].line: found \"{b}\", the output of a later stage, expected {question}, {options}, "
                "{options_inline}, {plan}, {plan.sentence}, {field.NAME}, and") == 0);
  CHECK(said_of_stages(plan_as_text + R"({"name": "b", "text": "x"})",
                       R"(, "joins": [{"name": "j", "of": "plan", "line": "{j}"}])")
            .find("f custom, joins[0].line: found \"{j}\"") == 0);
}

TEST_CASE("custom: variants use the question alone") {
  const auto variant = [](const std::string& with, const std::string& without) {
    return said_of_stages(
        plan_as_text + R"({"name": "b", "text": "{v}"})",
        R"(, "variants": [{"name": "v", "with_options": ")" + with + R"(", "without_options": ")" + without + R"("}])");
  };
  CHECK(variant("{question} {options} {options_inline} {field.x}", "{question}") == "no error");
  CHECK(variant("", "") ==
        "f custom, variants[0]: found two empty texts, expected with_options, without_options or both");
  CHECK(variant("x", "{options}") ==
        "f custom, variants[0].without_options: found \"{options}\", expected {question}, {field.NAME}, and {{ and }} "
        "for "
        "braces");
  CHECK(variant("{plan}", "x")
            .find("f custom, variants[0].with_options: found \"{plan}\", the output of a stage, "
                  "expected {question}, {options}, {options_inline}, {field.NAME}, and") == 0);
  CHECK(variant("{v}", "x").find("f custom, variants[0].with_options: found \"{v}\", expected") == 0);
}

TEST_CASE("custom: the opening of the answer ends the last prompt") {
  const auto opening = [](const std::string& last) {
    return said_of_stages(plan_as_text + R"({"name": "b", )" + last + "}", R"(, "answer": {"opening": "So"})");
  };
  CHECK(opening(R"("text": "x So")") == "no error");
  CHECK(opening(R"("text": "x", "continuation": " So")") == "no error");
  CHECK(opening(R"("text": "{plan}")") == "no error");
  CHECK(opening(R"("text": "x")") ==
        "f custom, answer.opening: found \"So\", expected the end of the last stage's text");
  CHECK(opening(R"("messages": [{"content": "So"}])") ==
        "f custom, answer.opening: found \"So\", expected the end of the last stage's continuation");
  CHECK(said_of_stages(plan_as_text + R"({"name": "b", "text": "x"})", R"(, "answer": {"rule": "guess"})") ==
        "f custom, answer.rule: found \"guess\", expected one of stated, tiny_thinker");
}
