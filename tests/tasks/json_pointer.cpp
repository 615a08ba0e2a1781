#include "litestage/tasks/json_pointer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"

using litestage::Form;
using litestage::test::error_of;
namespace tasks = litestage::tasks;

TEST_CASE("JSON pointers: keys, indices and escapes of RFC 6901") {
  using Keys = std::vector<std::string>;
  CHECK(tasks::pointer_keys("").empty());
  CHECK(tasks::pointer_keys("/") == Keys{""});
  CHECK(tasks::pointer_keys("/a/b") == Keys{"a", "b"});
  CHECK(tasks::pointer_keys("/a//0") == Keys{"a", "", "0"});
  CHECK(tasks::pointer_keys("/a~1b/m~0n/~01/~2") == Keys{"a/b", "m~n", "~1", "~2"});
  CHECK(tasks::is_pointer(""));
  CHECK(tasks::is_pointer("/a"));
  CHECK_FALSE(tasks::is_pointer("a"));
  const Form record =
      Form().add("a", Form().add("b", Form::List{Form(1), Form("x")})).add("a/b", "slash").add("", "none");
  CHECK(*tasks::find_at(record, "/a/b/1") == Form("x"));
  CHECK(*tasks::find_at(record, "/a~1b") == Form("slash"));
  CHECK(*tasks::find_at(record, "/") == Form("none"));
  CHECK(tasks::find_at(record, "") == &record);
  for (const char* missing : {"/b", "/a/c", "/a/b/2", "/a/b/-1", "/a/b/01x", "/a/b/", "/a/b/0/c", "/a~1b/c"}) {
    CAPTURE(missing);
    CHECK(tasks::find_at(record, missing) == nullptr);
    CHECK_THROWS_AS(static_cast<void>(tasks::value_at(record, missing, "f:1")), litestage::Error);
  }
}

TEST_CASE("JSON pointers: an error names the place and the key that is missing") {
  const Form record = Form().add("a", Form().add("b", Form::List{Form(1)}));
  const auto error = [&](const char* pointer) {
    return error_of([&] { static_cast<void>(tasks::value_at(record, pointer, "f:1")); });
  };
  CHECK(error("/x") == "f:1: key \"x\" is missing");
  CHECK(error("/a/x") == "f:1: a: key \"x\" is missing");
  CHECK(error("/a/b/1") == "f:1: a.b has 1 elements, expected one with the index 1");
  CHECK(error("/a/b/0/c") == "f:1: a.b.0 is an integer, expected an object");
  CHECK(tasks::place_text("f:1", "/a/b") == "f:1: a.b");
  CHECK(tasks::place_text("f:1", "") == "f:1");
}
