#include "litestage/io/files/dataset.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using litestage::Error;
using litestage::Form;
using litestage::Record;

std::vector<Record> parse(std::string_view text) {
  return litestage::io::parse_records(text, "set.jsonl");
}

std::string message_of(std::string_view text) {
  try {
    static_cast<void>(parse(text));
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("lines of JSON become records that know their line") {
  for (const char* text :
       {"{\"a\":1}\n\n  \n{\"a\":2}\n", "{\"a\":1}\r\n\r\n\r\n{\"a\":2}", "\xef\xbb\xbf{\"a\":1}\n\n\n {\"a\":2}\t"}) {
    const auto records = parse(text);
    REQUIRE(records.size() == 2);
    CHECK(records[0].where == "set.jsonl:1");
    CHECK(records[0].value == Form().add("a", 1));
    CHECK(records[1].where == "set.jsonl:4");
    CHECK(records[1].value == Form().add("a", 2));
  }
}

TEST_CASE("one JSON array is a list of records") {
  for (const char* text :
       {"[{\"a\":1},\n {\"a\":2}]", "\n [\n{\"a\":1},{\"a\":2}\n]\n", "\xef\xbb\xbf[{\"a\":1},{\"a\":2}]"}) {
    const auto records = parse(text);
    REQUIRE(records.size() == 2);
    CHECK(records[1].where == "set.jsonl: record 2");
    CHECK(records[1].value == Form().add("a", 2));
  }
}

TEST_CASE("a file without records is an error") {
  for (const char* text : {"", "\n\n", " \r\n\t", "[]", "\xef\xbb\xbf"}) {
    CHECK(message_of(text) == "set.jsonl holds no records, expected JSON lines or one JSON array");
  }
}

TEST_CASE("broken JSON is an error that names the line") {
  CHECK(message_of("{\"a\":1}\n{\"a\":\n").find("set.jsonl:2") == 0);
  CHECK(message_of("[{\"a\":1}").find("set.jsonl") == 0);
  CHECK(message_of("[1] [2]").find("set.jsonl") == 0);
  CHECK(message_of("{\n  \"pretty\": 1\n}").find("set.jsonl:1") == 0);
}

TEST_CASE("a missing file is an error that names it") {
  CHECK_THROWS_AS(static_cast<void>(litestage::io::read_records("/nonexistent/set.jsonl")), Error);
}
