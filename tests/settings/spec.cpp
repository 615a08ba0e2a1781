#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/early_exit/any.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/settings/describe.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;
using test::error_of;

namespace {

using AnyExit = early_exit::Any<early_exit::Standard, early_exit::Standard>;

template <class T>
std::string refused(std::string_view spec) {
  return error_of([&] { static_cast<void>(read_spec<T>(spec, "--option")); });
}
std::string refused(std::string_view spec) {
  return error_of([&] { static_cast<void>(parse_spec(spec, "--option")); });
}

template <class T>
void check_round_trips(const T& settings) {
  CAPTURE(to_spec(settings));
  CHECK(read_spec<T>(to_spec(settings), "spec") == settings);
  CHECK(read_value<T>(write_value(settings, true), "form") == settings);
  CHECK(read_value<T>(write_value(settings, false), "form") == settings);
}

}  // namespace

TEST_CASE("a SPEC is the JSON form in one line") {
  CHECK(parse_spec("static:recall=a3/m4-m9,phase=decode,scale=1.02,n=3,on=true,off=,quoted=\"3\"", "x") ==
        Form(Form::Map{{"name", "static"},
                       {"recall", Form::List{"a3", "m4-m9"}},
                       {"phase", "decode"},
                       {"scale", 1.02},
                       {"n", 3},
                       {"on", true},
                       {"off", Form::List{}},
                       {"quoted", "3"}}));
  const Form nested(
      Form::Map{{"name", "low_confidence"}, {"criterion", Form::Map{{"name", "top_log_probs"}, {"k", 20}}}});
  CHECK(parse_spec("low_confidence:criterion=top_log_probs,criterion.k=20", "x") == nested);
  CHECK(parse_spec("low_confidence:criterion.k=20,criterion=top_log_probs", "x") == nested);
  CHECK(parse_spec("never", "x") == Form("never"));
}

TEST_CASE("the examples of the manual are read") {
  const auto fixed =
      read_spec<skip::Standard>("static:recall=a3/m4-m9,analyze=a12,phase=decode,kv=project,scale=1.02", "--skip");
  skip::Static expected;
  for (int l = 4; l <= 9; ++l) expected.stages["recall"].insert({Unit::mlp, l});
  expected.stages["recall"].insert({Unit::attention, 3});
  expected.stages["analyze"] = {{Unit::attention, 12}};
  expected.phase = Phases::decode;
  expected.kv = KvOnSkip::project;
  expected.scale = 1.02f;
  CHECK(fixed == skip::Standard(expected));

  const auto exit =
      read_spec<early_exit::Standard>("low_confidence:criterion=max_prob,window=8,threshold=0.4", "--exit");
  CHECK(exit == early_exit::Standard(early_exit::LowConfidence<confidence::Standard>{confidence::MaxProb{}, 8, 0.4f}));
  const auto caps = read_spec<stages::Standard>("tinythinker:recall_tokens=48", "--stages");
  CHECK(caps == stages::Standard(stages::TinyThinker{48, 64, 24}));
}

TEST_CASE("every policy round trips through SPEC and Form") {
  check_round_trips(skip::Standard(skip::Never{}));
  check_round_trips(skip::Standard(skip::Static{}));
  skip::Static fixed;
  fixed.stages = {{"all", {{Unit::mlp, 0}, {Unit::mlp, 1}, {Unit::mlp, 3}, {Unit::attention, 1}, {Unit::mlp, 999}}},
                  {"recall", {}}};
  fixed.kv = KvOnSkip::copy_below;
  fixed.scale = 0.9f;
  check_round_trips(skip::Standard(fixed));
  CHECK(to_spec(fixed) == "static:all=a1/m0-m1/m3/m999,recall=,kv=copy_below,scale=0.9");

  check_round_trips(early_exit::Standard(early_exit::Never{}));
  for (const confidence::Standard& c :
       {confidence::Standard(confidence::MaxLogit{}), confidence::Standard(confidence::MaxProb{}),
        confidence::Standard(confidence::Margin{}), confidence::Standard(confidence::NegEntropy{}),
        confidence::Standard(confidence::MeanLogProbTopK{}), confidence::Standard(confidence::MeanLogProbTopK{32})}) {
    check_round_trips(c);
    const early_exit::LowConfidence<confidence::Standard> low{c, 1, -1.5e-7f, WarmUp::none};
    check_round_trips(early_exit::Standard(low));
    check_round_trips(AnyExit{early_exit::Standard(low), {}});
  }
  check_round_trips(early_exit::LowConfidence<confidence::MeanLogProbTopK>{{7}, 4096, 3});

  check_round_trips(stages::Standard(stages::Single{1, true}));
  check_round_trips(stages::Standard(stages::TinyThinker{1, 2, 3}));
  stages::Chat chat;
  chat.system = "";
  chat.recall = "{{{question}}}\n\"{options}\", \\ a=b/c";
  chat.stop = {"\n\n", "Question:"};
  check_round_trips(stages::Standard(chat));
}

TEST_CASE("settings of an unnamed nested policy need no name") {
  using Fixed = early_exit::LowConfidence<confidence::MeanLogProbTopK>;
  CHECK(read_spec<Fixed>("low_confidence:criterion.k=5", "x").criterion.k == 5);
  CHECK(read_spec<Fixed>("low_confidence:criterion=top_log_probs", "x").criterion.k == 20);
  CHECK(refused<Fixed>("low_confidence:criterion=max_prob") ==
        "--option low_confidence, criterion: found \"max_prob\", expected top_log_probs");
}

TEST_CASE("a malformed SPEC is refused") {
  const std::string expected = ", expected name or name:key=value,key=value or @file.json";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "found no name"},
      {":a=1", "found no name"},
      {"a,b", "the name is \"a,b\""},
      {"a=1", "the name is \"a=1\""},
      {"p:", "nothing follows the colon"},
      {"p:a=1,", "found a trailing comma"},
      {"p:a", "found \"a\" without a value"},
      {"p:a,b=1", "found \"a\" without a value"},
      {"p:a=1,,b=2", "found \"\" without a value"},
      {"p:=1", "found an empty key"},
      {"p:a.=1", "found an empty key"},
      {"p:.a=1", "found an empty key"},
      {"p:a..b=1", "found an empty key"},
      {"p:a=1,a=2", "key \"a\" is given twice, each key at most once"},
      {"p:a.b=1,a.b=2", "key \"a.b\" is given twice, each key at most once"},
      {"p:a=/1", "found an empty value in a list"},
      {"p:a=1/", "found an empty value in a list"},
      {"p:a=1//2", "found an empty value in a list"},
      {"p:a=b=c", "found \"=c\" after a value"},
      {"p:a=\"b\"c", "found \"c\" after a value"},
      {"p:a=b\"c\"", "found \"\\\"c\\\"\" after a value"},
      {"p:a=\"b", "found a quotation mark that is never closed"},
      {"p:a=\"b\\\"", "found a quotation mark that is never closed"},
      {"p:a=\"\\x\"", "found the escape \\x"},
      {"p:a.b.c.d.e.f.g.h.i=1", "found settings nested more than 8 deep"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.first);
    CHECK(refused(c.first) == "--option: " + c.second + expected);
  }
  CHECK(refused("p:name=q") == "--option: key \"name\" is given twice, each key at most once");
  CHECK(refused("p:a=q,a.name=q") == "--option: key \"name\" is given twice, each key at most once");
}

TEST_CASE("names, keys and values that a policy does not know are refused with those it does") {
  CHECK(refused<skip::Standard>("nevr") ==
        concat("--option: found \"nevr\", expected one of ", joined(skip::Standard::names)));
  CHECK(joined(skip::Standard::names).starts_with("never, static, lite_stage, "));
  CHECK(refused<skip::Standard>("never:a=1") == "--option never: key \"a\" is unknown, expected no keys");
  CHECK(refused<skip::Standard>("static:phase=all") ==
        "--option static, phase: found \"all\", expected one of both, prefill, decode");
  CHECK(refused<skip::Standard>("static:recall=a3-m4") ==
        "--option static, recall: found \"a3-m4\", expected a list of sub-layers such as a3, m3 or m4-m9, layers "
        "from 0 to 999");
  CHECK(refused<early_exit::Standard>("low_confidence:window=0") ==
        "--option low_confidence, window: found 0, expected an integer from 1 to 4096");
  CHECK(refused<early_exit::Standard>("low_confidence:threshold=nan") ==
        "--option low_confidence, threshold: found nan, expected a finite number");
  CHECK(refused<early_exit::Standard>("low_confidence:windw=8") ==
        "--option low_confidence: key \"windw\" is unknown, expected criterion, window, threshold, warm_up");
  CHECK(refused<early_exit::Standard>("low_confidence:criterion=top_log_probs,criterion.k=33") ==
        "--option low_confidence, criterion.k: found 33, expected an integer from 1 to 32");
  CHECK(refused<early_exit::Standard>("low_confidence:criterion.k=3") ==
        "--option low_confidence, criterion: key \"name\" is missing, expected one of max_prob, max_logit, margin, "
        "neg_entropy, top_log_probs");
  CHECK(refused<stages::Standard>("chat:recall=\"{choices}\"") ==
        "--option chat, recall: found \"{choices}\", expected {question}, {options}, {options_inline}, "
        "{field.NAME}, and {{ and }} for braces");
}

TEST_CASE("@file hands the path to the caller's reader, and errors name the file") {
  const ReadForm reader = [](const std::string& path) {
    return Form(Form::Map{{"name", "single"}, {"max_new_tokens", path == "good.json" ? 5 : 0}});
  };
  CHECK(read_spec<stages::Standard>("@good.json", "--stages", reader) == stages::Standard(stages::Single{5}));
  CHECK(error_of([&] { static_cast<void>(read_spec<stages::Standard>("@bad.json", "--stages", reader)); }) ==
        "bad.json single, max_new_tokens: found 0, expected an integer from 1 to 1000000");
  CHECK(refused("@good.json") == "--option: found \"@good.json\", files are not read here");
}

TEST_CASE("what a SPEC cannot say is refused when it is written") {
  for (const char* stage : {"", "a,b", "a=b", "a.b"}) {
    skip::Static fixed;
    fixed.stages[stage] = {};
    CHECK(error_of([&] { static_cast<void>(to_spec(fixed)); }).find("has no SPEC, expected a JSON file") !=
          std::string::npos);
  }
}

TEST_CASE("help describes each alternative and the settings of nested choices") {
  const std::string help = describe<early_exit::Standard>();
  CHECK(help.find("  never: ") != std::string::npos);
  CHECK(help.find("    criterion=max_prob: confidence in a token; one of max_prob, max_logit, margin, neg_entropy, "
                  "top_log_probs\n") != std::string::npos);
  CHECK(help.find("    criterion.k=20 (of top_log_probs): ") != std::string::npos);
  CHECK(describe<skip::Standard>().find("    STAGE=...: ") != std::string::npos);
}
