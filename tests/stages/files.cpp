// The files of examples/data/stages are the schedules of the library, as data.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>

#include "litestage/io/files/json.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;

namespace {

const std::filesystem::path stage_files = std::filesystem::path(__FILE__).parent_path() / "../../examples/data/stages";

const std::map<std::string, stages::Custom> presets = {{"chat.json", stages::Chat{}.schedule()},
                                                       {"cot.json", stages::Cot{}.schedule()},
                                                       {"direct.json", stages::Direct{}.schedule()},
                                                       {"plan_solve.json", stages::PlanSolve{}.schedule()},
                                                       {"tiny_thinker.json", stages::TinyThinker{}.schedule()}};

}  // namespace

TEST_CASE("each file is what the schedule of its name converts to, and no file is without a schedule") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(stage_files)) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    REQUIRE(presets.contains(name));
    const auto read = read_spec<stages::Standard>("@" + entry.path().string(), "--stages", io::read_json_file);
    CHECK(read == stages::Standard(presets.at(name)));
    ++files;
  }
  CHECK(files == presets.size());
}

TEST_CASE("a custom schedule that is written reads back equal, in full and by what differs from the defaults") {
  for (const auto& preset : presets) {
    CAPTURE(preset.first);
    const stages::Standard any = preset.second;
    CHECK(read_value<stages::Standard>(io::parse_json(io::to_json(any.to_form(true)), "text"), "text") == any);
    CHECK(read_value<stages::Standard>(io::parse_json(io::to_json(any.to_form(false)), "text"), "text") == any);
  }
}

TEST_CASE("a file of Chat's own settings, as earlier versions wrote it, is still read") {
  const Form file = io::parse_json(
      R"({"name": "chat", "system": "You know.", "recall": "{question}|{options}", "analyze": "{letter} {recall}",
          "analysis": "{letter}={analysis}", "summarize": "{analyses}", "recall_tokens": 5, "analyze_tokens": 6,
          "summarize_tokens": 7, "stop": []})",
      "chat.json");
  stages::Chat chat{"You know.", "{question}|{options}", "{letter} {recall}", "{letter}={analysis}", "{analyses}"};
  chat.recall_tokens = 5;
  chat.analyze_tokens = 6;
  chat.summarize_tokens = 7;
  CHECK(read_value<stages::Standard>(file, "chat.json") == stages::Standard(chat));
}
