// Files that appear whole or not at all.
#include "litestage/io/files/output_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "common/error_of.hpp"
#include "common/io_scratch.hpp"
#include "litestage/io/files/descriptor.hpp"
#include "litestage/io/files/mapped_file.hpp"

using namespace litestage;

TEST_CASE("a file appears when it is committed, and replaces the old one whole") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("out.json", "old");
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  {
    io::OutputFile file(path);
    file.write("new ");
    CHECK(io::read_file(path) == "old");
    file.write(std::string(100003, 'x'));
    CHECK(io::read_file(path) == "old");
    file.commit();
    CHECK(io::read_file(path).size() == 100007);
    CHECK_THROWS_AS(file.write("more"), AssertionError);
  }
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
  io::write_file(folder.path("other"), "");
  CHECK(io::read_file(folder.path("other")).empty());
  CHECK(folder.entries() == 2);
}

TEST_CASE("a file that is not committed leaves nothing") {
  const test::ScratchFolder folder;
  {
    io::OutputFile file(folder.path("a"));
    file.write("half");
    CHECK(folder.entries() == 1);  // under a temporary name
  }
  CHECK(folder.entries() == 0);
}

TEST_CASE("a link is followed and stays a link") {
  const test::ScratchFolder folder;
  const std::string target = folder.write("target", "old"), link = folder.path("link");
  REQUIRE(::symlink(target.c_str(), link.c_str()) == 0);
  io::write_file(link, "new");
  CHECK(io::read_file(target) == "new");
  struct stat status = {};
  REQUIRE(::lstat(link.c_str(), &status) == 0);
  CHECK(S_ISLNK(status.st_mode));
}

// /dev/stdout is such a link where the output goes to a file that was deleted meanwhile.
TEST_CASE("a link that leads to a file without a name is not replaced") {
  const test::ScratchFolder folder;
  const std::string gone = folder.write("gone", "x"), link = folder.path("link");
  const io::Descriptor open_file(::open(gone.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(open_file.get() >= 0);
  REQUIRE(::symlink(concat("/proc/self/fd/", open_file.get()).c_str(), link.c_str()) == 0);
  REQUIRE(::unlink(gone.c_str()) == 0);
  struct stat status = {};
  if (::stat(link.c_str(), &status) != 0) {
    MESSAGE("skipped: this system has no /proc/self/fd");
    return;
  }
  CHECK(test::error_of([&] { io::write_file(link, "new"); }).rfind(link + ": cannot be resolved", 0) == 0);
  REQUIRE(::lstat(link.c_str(), &status) == 0);
  CHECK(S_ISLNK(status.st_mode));
  CHECK(folder.entries() == 1);
}

TEST_CASE("where nothing can be written, path and reason are named") {
  const test::ScratchFolder folder;
  const auto failure = [](const std::string& path) { return test::error_of([&] { io::write_file(path, "x"); }); };
  CHECK(failure(folder.path("no/file")) == folder.path("no/file") + ": cannot be created: No such file or directory");
  const std::string below_file = folder.write("file", "x") + "/a";
  CHECK(failure(below_file) == below_file + ": cannot be created: Not a directory");
  CHECK(failure(folder.path(".")) == folder.path(".") + ": is a folder, expected a regular file or a new name");
  REQUIRE(::mkfifo(folder.path("pipe").c_str(), 0600) == 0);  // as /dev/stdout may be: must not be renamed over
  CHECK(failure(folder.path("pipe")) ==
        folder.path("pipe") + ": is a special file, expected a regular file or a new name");
  CHECK(folder.entries() == 2);
}

TEST_CASE("a full disk leaves the old file and no other") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("out", "old");
  struct rlimit before = {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  struct rlimit small = before;
  small.rlim_cur = 1000;  // a limit on file sizes fails as a full disk does, in the middle of a write
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string message = test::error_of([&] { io::write_file(path, std::string(5000, 'x')); });
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(message == path + ": cannot be written: File too large");
  CHECK(io::read_file(path) == "old");
  CHECK(folder.entries() == 1);
}
