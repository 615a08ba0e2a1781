// Files as memory, and what is said where there is no such file.
#include "litestage/io/files/mapped_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <memory>
#include <type_traits>

#include "common/error_of.hpp"
#include "common/io_scratch.hpp"

using namespace litestage;

static_assert(!std::is_copy_constructible_v<io::MappedFile> && std::is_nothrow_move_constructible_v<io::MappedFile>);

TEST_CASE("a mapped file has the bytes of the file and moves without copying them") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("a.bin", std::string("one\0two", 7));
  io::MappedFile first(path);
  const std::byte* data = first.bytes().data();
  CHECK(test::as_text(first.bytes()) == std::string("one\0two", 7));
  io::MappedFile second(std::move(first));
  CHECK(second.bytes().data() == data);
  CHECK(second.path() == path);
  io::MappedFile third(folder.write("b.bin", "b"));
  third = std::move(second);
  CHECK(test::as_text(third.bytes()) == std::string("one\0two", 7));
  const auto shared = std::make_shared<const io::MappedFile>(std::move(third));
  CHECK(shared->bytes().size() == 7);
}

TEST_CASE("what cannot be mapped is named with the reason") {
  const test::ScratchFolder folder;
  const auto map = [](const std::string& path) { return [path] { io::MappedFile file(path); }; };
  CHECK(test::error_of(map(folder.path("none"))) ==
        folder.path("none") + ": cannot be opened: No such file or directory");
  CHECK(test::error_of(map(folder.write("empty", ""))) == folder.path("empty") + ": is empty");
  CHECK(test::error_of(map(folder.path("."))) == folder.path(".") + ": is a folder, expected a regular file");
  CHECK(test::error_of(map("/dev/null")) == "/dev/null: is a special file, expected a regular file");
  REQUIRE(::mkfifo(folder.path("pipe").c_str(), 0600) == 0);  // must be refused, not waited for
  CHECK(test::error_of(map(folder.path("pipe"))) ==
        folder.path("pipe") + ": is a special file, expected a regular file");
}

TEST_CASE("a text is read whole, whatever its size") {
  const test::ScratchFolder folder;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16384}, std::size_t{100003}}) {
    std::string text(size, 'x');
    if (size > 0) text[size / 2] = '\0';
    CHECK(io::read_file(folder.write("t", text)) == text);
  }
  CHECK_THROWS_AS(static_cast<void>(io::read_file(folder.path("none"))), Error);
}
