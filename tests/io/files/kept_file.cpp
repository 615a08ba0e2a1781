#include "litestage/io/files/kept_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string>

#include "common/error_of.hpp"
#include "common/io_scratch.hpp"
#include "litestage/io/files/mapped_file.hpp"

using namespace litestage;

TEST_CASE("finished work goes into its file") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("out", "old");
  const io::KeptFile kept = io::keep_file(path, "new");
  CHECK(kept.path == path);
  CHECK(kept.problem.empty());
  CHECK(io::read_file(path) == "new");
}

TEST_CASE("where that cannot be, it goes beside it, over nobody else's file") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("out");
  REQUIRE(::mkdir(path.c_str(), 0777) == 0);  // since the work began
  folder.write("out.kept", "someone's");
  const io::KeptFile kept = io::keep_file(path, "new");
  CHECK(kept.path == path + ".kept.2");
  CHECK(test::says(kept.problem, path + ": is a folder"));
  CHECK(io::read_file(kept.path) == "new");
  CHECK(io::read_file(folder.path("out.kept")) == "someone's");
}

TEST_CASE("where the folder is gone it goes among the temporary files, and where all fails that is said") {
  const test::ScratchFolder folder;
  const char* before = std::getenv("TMPDIR");
  const std::string kept_before = before == nullptr ? "" : before;
  REQUIRE(::setenv("TMPDIR", folder.path("").c_str(), 1) == 0);
  io::KeptFile kept = io::keep_file(folder.path("gone/out"), "new");
  CHECK(io::read_file(folder.path("out.kept")) == "new");
  CHECK(kept.path == folder.path("/out.kept"));
  REQUIRE(::setenv("TMPDIR", folder.path("none").c_str(), 1) == 0);
  kept = io::keep_file(folder.path("gone/out"), "new");
  CHECK(kept.path.empty());
  CHECK(test::says(kept.problem, "gone/out: cannot be created"));
  if (before == nullptr)
    ::unsetenv("TMPDIR");
  else
    ::setenv("TMPDIR", kept_before.c_str(), 1);
}
