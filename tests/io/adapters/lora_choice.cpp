#include "litestage/io/adapters/lora_choice.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "common/error_of.hpp"
#include "common/io_scratch.hpp"

using namespace litestage;

TEST_CASE("an adapter is chosen by a path and a scale") {
  const auto check = [](const std::string& text, const std::string& path, double scale, const std::string& name) {
    const io::LoraChoice found = io::read_lora_choice(text);
    CHECK(found.path == path);
    CHECK(found.scale == scale);
    CHECK(io::lora_name(found) == name);
  };
  check("no/such/style", "no/such/style", 1, "style:1");
  check("no/such/style/:0.5", "no/such/style/", 0.5, "style:0.5");
  check("a:b.gguf:-2e-3", "a:b.gguf", -0.002, "a:b.gguf:-0.002");
  check("x:0", "x", 0, "x:0");
  check(".:2", ".", 2, std::filesystem::current_path().filename().string() + ":2");
  const test::ScratchFolder folder;
  const std::string path = folder.write("a:2", "");
  check(path, path, 1, "a:2:1");
  check(path + ":3", path, 3, "a:2:3");
}

TEST_CASE("a scale that is no finite number is refused") {
  for (const std::string text : {"x:", "x:y", "x:1y", "x:inf", "x:nan", "x:1e999", "x:0x1", ":1", ":"}) {
    const std::string error = test::error_of([&] { static_cast<void>(io::read_lora_choice(text)); });
    CHECK_MESSAGE(
        error == "--lora is \"" + text +
                     "\", which is the name of no file or folder, expected a folder or a GGUF file, or either "
                     "with a colon and a finite number, its scale",
        error);
  }
}
