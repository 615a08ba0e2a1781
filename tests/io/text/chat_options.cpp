#include "litestage/io/text/chat_options.hpp"

#include <doctest/doctest.h>

#include <string>

#include "common/error_of.hpp"

namespace {

namespace io = litestage::io;

std::string variable_error(const char* written) {
  return litestage::test::error_of([&] { static_cast<void>(io::template_variable(written)); });
}

}  // namespace

TEST_CASE("a variable of a template is NAME=VALUE") {
  CHECK(io::template_variable("enable_thinking=false") == io::TemplateVariable{"enable_thinking", "false"});
  CHECK(io::template_variable("_a1==b=") == io::TemplateVariable{"_a1", "=b="});
  CHECK(io::template_variable("a=") == io::TemplateVariable{"a", ""});
  for (const char* wrong : {"", "=", "=x", "a", "1a=x", "a b=x", "a-b=x", "é=x"}) {
    CAPTURE(wrong);
    CHECK(variable_error(wrong) == "--template-variable is \"" + std::string(wrong) +
                                       "\", expected NAME=VALUE with a name of letters, digits and underscores");
  }
  CHECK(variable_error("messages=x") ==
        "--template-variable is \"messages=x\", expected another name than messages, which every template is given");
}

TEST_CASE("a template whose name ends in .jinja is a file") {
  CHECK(io::is_template_file("a.jinja"));
  CHECK(io::is_template_file("folder/chatml.jinja"));
  CHECK_FALSE(io::is_template_file("chatml"));
  CHECK_FALSE(io::is_template_file("jinja"));
}
