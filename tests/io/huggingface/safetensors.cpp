#include "litestage/io/huggingface/safetensors.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/folder_writer.hpp"
#include "common/io_scratch.hpp"

using namespace litestage;
using test::SafeTensorsWriter;
using test::says;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span<const char>(text));
}

std::string error_in(const std::string& file) {
  return test::error_of([&] { static_cast<void>(io::SafeTensors(bytes_of(file), "s")); });
}

// A file with this header and `data` bytes of data.
std::string with_header(const std::string& header, std::size_t data) {
  SafeTensorsWriter writer;
  writer.header = header;
  writer.add("unused", "U8", {data}, std::string(data, 'x'));
  return writer.bytes();
}

}  // namespace

TEST_CASE("tensors come back as they were written, wherever they begin") {
  SafeTensorsWriter writer;
  writer.add("a", "U8", {3}, "abc")
      .add("b", "F32", {2, 1}, "01234567")
      .add("empty", "F16", {0, 4}, "")
      .add("one", "BF16", {}, "xy");
  for (const std::size_t padding : {0, 1, 5}) {
    writer.padding = padding;
    const std::string file = writer.bytes();
    const io::SafeTensors read(bytes_of(file), "s");
    CHECK(read.tensors().size() == 4);
    const io::SafeTensor& b = read.tensors().at("b");
    CHECK(b.type == "F32");
    CHECK(b.shape == std::vector<std::size_t>{2, 1});
    CHECK(test::as_text(b.contents) == "01234567");
    CHECK(test::as_text(read.tensors().at("one").contents) == "xy");
    CHECK(read.tensors().at("empty").contents.empty());
  }
}

TEST_CASE("a file is mapped for as long as its storage lives") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("m.safetensors", SafeTensorsWriter().add("a", "U8", {3}, "abc").bytes());
  std::shared_ptr<const void> storage;
  std::span<const std::byte> contents;
  {
    const io::SafeTensors read(path);
    storage = read.storage();
    contents = read.tensors().at("a").contents;
  }
  CHECK(test::as_text(contents) == "abc");
}

TEST_CASE("a header that does not fit the file is refused") {
  CHECK(says(error_in("1234567"), "ends within the length of the header"));
  SafeTensorsWriter writer;
  writer.add("a", "U8", {3}, "abc");
  writer.header_bytes = 1000;
  CHECK(says(error_in(writer.bytes()), "says that its header has 1000 bytes, expected at most "));
  writer.header_bytes = ~std::uint64_t{0};
  CHECK(says(error_in(writer.bytes()), "is it a complete safetensors file?"));
  CHECK(says(error_in(with_header(" {}", 0)), "is not a safetensors file"));
  CHECK(says(error_in(with_header("{", 0)), "s:1: is not valid JSON"));
  CHECK(says(error_in(with_header("{}{}", 0)), "is not valid JSON"));
  CHECK(error_in(with_header("{}", 0)) == "no error");
  CHECK(error_in(with_header(R"({"__metadata__":{"format":"pt"}})", 0)) == "no error");
  CHECK(says(error_in(with_header(R"({"__metadata__":{"format":1}})", 0)), "key __metadata__.format is an integer"));
}

TEST_CASE("tensors that lie, overlap or leave holes are refused") {
  const auto one = [](const std::string& entry, std::size_t data) {
    return error_in(with_header(concat(R"({"a":)", entry, "}"), data));
  };
  CHECK(one(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})", 4) == "no error");
  CHECK(says(one(R"({"dtype":"U8","shape":[5],"data_offsets":[0,5]})", 4),
             "tensor \"a\" takes the bytes from 0 to 5, but the file has 4 bytes of data (is the file complete?)"));
  CHECK(says(one(R"({"dtype":"U8","shape":[3],"data_offsets":[0,4]})", 4), "takes 4 bytes, expected 3 by its shape"));
  CHECK(says(one(R"({"dtype":"U8","shape":[4],"data_offsets":[4,0]})", 4), "takes the bytes from 4 to 0"));
  CHECK(says(one(R"({"dtype":"U8","shape":[4],"data_offsets":[-1,3]})", 4), "has -1, expected 0 or more"));
  CHECK(says(one(R"({"dtype":"U8","shape":[4],"data_offsets":[0]})", 4), "has 1 numbers, expected 2"));
  CHECK(says(one(R"({"dtype":"Q4","shape":[4],"data_offsets":[0,4]})", 4), "has the unknown type \"Q4\""));
  CHECK(says(one(R"({"dtype":"F4","shape":[3],"data_offsets":[0,1]})", 1), "has 12 bits, expected whole bytes"));
  CHECK(says(one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]})", 4),
             "more elements than memory has addresses"));
  CHECK(says(one(R"({"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]})", 0),
             "more elements than memory"));
  CHECK(says(one(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4],"more":1})", 4), "key more is not supported"));
  CHECK(says(one(R"({"shape":[4],"data_offsets":[0,4]})", 4), "key dtype is missing"));
  CHECK(says(one(R"({"dtype":"U8","shape":[2],"data_offsets":[2,4]})", 4),
             "2 bytes before tensor \"a\" belong to no tensor"));
  CHECK(says(one(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2]})", 4),
             "has 4 bytes of data, expected 2, where the last tensor ends"));
  const auto two = [](const char* first, const char* second) {
    return error_in(with_header(concat(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)", first,
                                       R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)", second, "}}"),
                                4));
  };
  CHECK(two("[0,2]", "[2,4]") == "no error");
  CHECK(two("[2,4]", "[0,2]") == "no error");
  CHECK(says(two("[0,2]", "[1,3]"), "tensors \"a\" and \"b\" overlap"));
  CHECK(says(two("[0,2]", "[0,2]"), "overlap"));
  CHECK(says(error_in(with_header(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":1})", 0)),
             "is there twice"));
}
