#include "litestage/io/files/distinct_files.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/io_scratch.hpp"

using namespace litestage;
using test::error_of;
using test::says;

namespace {

std::string answer(const std::vector<io::NamedFile>& inputs, const std::vector<io::NamedFile>& outputs) {
  return error_of([&] { io::check_distinct(inputs, outputs); });
}

}  // namespace

TEST_CASE("an output that is an input is refused, whatever name leads there") {
  const test::ScratchFolder folder;
  const std::string model = folder.write("model", "x"), link = folder.path("link"), hard = folder.path("hard");
  REQUIRE(::symlink("model", link.c_str()) == 0);
  REQUIRE(::link(model.c_str(), hard.c_str()) == 0);
  for (const std::string& output :
       {model, link, hard, folder.path("./model"), folder.path("../") + folder.path("").substr(5) + "model"}) {
    const std::string said = answer({{"--model", model}}, {{"--json", output}});
    CAPTURE(output);
    CHECK(says(said, "--json " + output + ": is the file that --model reads"));
    CHECK(says(said, "expected"));
  }
  CHECK(says(answer({{"--data", link}}, {{"--json", model}}), "--data reads"));  // the input is the link
}

TEST_CASE("two outputs of one file are refused, also where there is no such file yet") {
  const test::ScratchFolder folder;
  const std::string a = folder.path("a"), b = folder.path("b"), dangling = folder.path("dangling"),
                    chain = folder.path("chain");
  REQUIRE(::symlink("a", dangling.c_str()) == 0);
  REQUIRE(::symlink(dangling.c_str(), chain.c_str()) == 0);
  for (const std::string& other : {a, folder.path("./a"), dangling, chain}) {
    CAPTURE(other);
    CHECK(says(answer({}, {{"--json", a}, {"--markdown", other}}), "is the file that --json writes too"));
  }
  CHECK(answer({}, {{"--json", a}, {"--markdown", b}}) == "no error");
}

TEST_CASE("other files, options that were not given and folders that do not exist are none of its business") {
  const test::ScratchFolder folder, other;
  const std::string model = folder.write("model", "x");
  CHECK(answer({{"--model", model}, {"--plan", ""}}, {{"--json", ""}, {"--markdown", ""}}) == "no error");
  CHECK(answer({{"--model", model}, {"--data", model}}, {{"--json", other.path("model")}}) == "no error");
  CHECK(answer({{"--model", "none/a"}}, {{"--json", "none/b"}, {"--markdown", "none/c"}}) == "no error");
  CHECK(says(answer({}, {{"--json", "none/b"}, {"--markdown", "none/b"}}), "writes too"));
  std::string circle = folder.path("circle");
  REQUIRE(::symlink("circle", circle.c_str()) == 0);
  CHECK(answer({{"--model", model}}, {{"--json", circle}}) == "no error");
}
