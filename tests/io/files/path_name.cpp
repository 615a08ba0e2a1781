#include "litestage/io/files/path_name.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "common/io_scratch.hpp"

using namespace litestage;

TEST_CASE("a path has the name of its last part") {
  CHECK(io::name_of_path("models/m.gguf") == "m.gguf");
  CHECK(io::name_of_path("models/name//") == "name");
  CHECK(io::name_of_path("models/./name/.") == "name");
  const std::filesystem::path here = std::filesystem::current_path();
  CHECK(io::name_of_path(".") == here.filename().string());
  CHECK(io::name_of_path("./") == here.filename().string());
  CHECK(io::name_of_path("..") == here.parent_path().filename().string());
}

TEST_CASE("folders are told from files, and lose slashes at the end") {
  const test::ScratchFolder scratch;
  CHECK(io::is_folder(scratch.path("")));
  CHECK_FALSE(io::is_folder(scratch.write("file", "x")));
  CHECK_FALSE(io::is_folder(scratch.path("nothing")));
  CHECK(io::folder_name("a/b//") == "a/b");
  CHECK(io::folder_name("a/b") == "a/b");
  CHECK(io::folder_name("//") == "/");
}
