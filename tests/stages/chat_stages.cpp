#include <doctest/doctest.h>

#include <filesystem>

#include "litestage/io/files/json.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;

namespace {

const std::filesystem::path texts =
    std::filesystem::path(__FILE__).parent_path() / "../../examples/data/chat_stages.json";

}  // namespace

TEST_CASE("the file of Chat's texts holds the built-in defaults, every one of them") {
  const Form form = io::read_json_file(texts.string());
  CHECK(read_fields<stages::Chat>(form, texts.string()) == stages::Chat{});
  CHECK(form == write_fields(stages::Chat{}));
  CHECK(io::parse_json(io::to_json(form), "text") == form);
}

TEST_CASE("--stages @FILE reads it by way of a SPEC") {
  const auto schedule = read_spec<stages::Standard>("@" + texts.string(), "--stages", io::read_json_file);
  CHECK(schedule == stages::Standard(stages::Chat{}));
}
