#include "cli/terminal/stage_view.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "common/toy_tokenizer.hpp"

using namespace litestage;
using namespace litestage::cli;

namespace {

std::string block(std::string_view indent, const std::vector<std::string>& pieces, bool raw = false) {
  std::ostringstream out;
  TextBlock text(out, indent, raw);
  for (const std::string& piece : pieces) text.push(piece);
  text.end();
  return out.str();
}

StageReport report_of(const std::vector<std::string>& texts) {
  StageReport report;
  report.name = "analyze";
  report.generated_tokens = 7;
  report.prefill_s = 0.25;
  report.decode_s = 0.5;
  for (const std::string& text : texts) {
    report.branches.emplace_back();
    report.branches.back().text = text;
  }
  return report;
}

struct Screen {
  explicit Screen(bool headings) : view(out, tokenizer, headings, false) {}
  // Every character is a token of the toy tokenizer.
  void write(int branch, const std::string& text) {
    for (const int id : tokenizer.encode(Prompt{{}, text})) view.token(branch, RequestInfo{4, 1, "analyze", 64}, id);
  }
  [[nodiscard]] std::string shown() const { return out.str(); }

  test::ToyTokenizer tokenizer;
  std::ostringstream out;
  StageView view;
};

}  // namespace

TEST_CASE("text block: an indent is on every line, and blanks at either end are dropped") {
  CHECK(block("  ", {" \n one", "\ntwo \t", "\n"}) == "  one\n  two\n");
  CHECK(block("  ", {"one\n\n", "two"}) == "  one\n  \n  two\n");
  CHECK(block("", {" one\n", "two \n"}) == " one\ntwo \n\n");
  CHECK(block("  ", {" \n"}) == "\n");
}

TEST_CASE("text block: a terminal receives whole characters and nothing that it obeys") {
  CHECK(block("", {"\x1b[31mred\x7f\b"}) == "\\x1b[31mred\\x7f\\x08\n");
  CHECK(block("", {"\xc2", "\x9b", "31m"}) == "\\u009b31m\n");  // the same command in one character
  CHECK(block("  ", {"a\r", "b"}) == "  a b\n");
  CHECK(block("", {"\xc3", "\xa9", "\xe2\x82"}) == "\xc3\xa9\xef\xbf\xbd\n");  // an e with accent, then one cut short
}

TEST_CASE("text block: a file receives the text as it is") {
  CHECK(block("", {"\x1b[31mred\x7f\b"}, true) == "\x1b[31mred\x7f\b\n");
  CHECK(block("  ", {"a\r", "b"}, true) == "  a\rb\n");
}

TEST_CASE("stage view: text appears as it is written, its rest when the stage ends, and no part twice") {
  Screen screen(true);
  screen.write(0, " ");
  CHECK(screen.shown().empty());  // there may be branches yet
  screen.write(0, "It");
  CHECK(screen.shown() == "analyze\n  It");
  screen.write(0, " bo");
  CHECK(screen.shown() == "analyze\n  It bo");
  screen.view.stage(report_of({" It boils"}));
  CHECK(screen.shown() == "analyze\n  It boils\n  -- 7 tokens, 0.75 s\n");
}

TEST_CASE("stage view: of several branches, the first is shown while it is written, the others at the end") {
  Screen screen(true);
  screen.write(0, "a");
  screen.write(1, "xyz");
  screen.write(0, "b");
  CHECK(screen.shown() == "analyze A\n  ab");
  screen.view.stage(report_of({"ab", "xyz"}));
  CHECK(screen.shown() == "analyze A\n  ab\nanalyze B\n  xyz\n  -- 7 tokens, 0.75 s\n");
}

TEST_CASE("stage view: a stage starts afresh, and one of a single token is shown as well") {
  Screen screen(true);
  screen.write(0, "long text");
  screen.view.stage(report_of({"long text"}));
  std::size_t before = screen.shown().size();
  screen.write(0, "No");
  CHECK(screen.shown().substr(before) == "analyze\n  No");
  screen.view.stage(report_of({"No"}));
  before = screen.shown().size();
  screen.write(0, "B");
  screen.view.stage(report_of({"B"}));
  CHECK(screen.shown().substr(before) == "analyze\n  B\n  -- 7 tokens, 0.75 s\n");
}

TEST_CASE("stage view: without headings there is the text only") {
  Screen screen(false);
  screen.write(0, " and so on");
  screen.view.stage(report_of({" and so on"}));
  CHECK(screen.shown() == " and so on\n");
}

TEST_CASE("view observer: hands tokens on while there is a view") {
  Screen screen(false);
  StageView* shown = &screen.view;
  const ViewObserver observer{&shown};
  const RequestInfo request{4, 0, "analyze", 64};
  for (const int id : {1, 2}) observer.token(0, request, StepInfo{}, id);
  CHECK(screen.shown() == "!\"");
  shown = nullptr;
  observer.token(0, request, StepInfo{}, 3);
  CHECK(screen.shown() == "!\"");
}
