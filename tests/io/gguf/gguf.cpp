// GGUF: written values are read back, and a wrong file causes at most an Error that names the place.
#include "litestage/io/gguf/gguf.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/gguf_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/tiny_model.hpp"

using namespace litestage;
using test::Bytes;
using test::GgufWriter;
using test::says;

namespace {

GgufWriter::Tensor floats(const std::string& name, std::size_t n, std::optional<std::uint64_t> offset = {}) {
  return {name, {n}, 0, Bytes(4 * n, std::byte{1}), offset};
}

// A file with keys of every type and two tensors.
GgufWriter everything() {
  GgufWriter w;
  w.add("u8", std::uint8_t{200}).add("i8", std::int8_t{-100}).add("u16", std::uint16_t{60000});
  w.add("i16", std::int16_t{-30000}).add("u32", std::uint32_t{4000000000u}).add("i32", std::int32_t{-2000000000});
  w.add("u64", std::uint64_t{1} << 63).add("i64", std::int64_t{-5}).add("f32", 0.1f).add("f64", 0.1);
  w.add("yes", true).add("text", "caf\xc3\xa9").add("none", "");
  w.add("ints", std::vector<std::int32_t>{1, -2, 3}).add("texts", std::vector<std::string>{"a", "", "c"});
  w.add("reals", std::vector<float>{0.5f, 2}).add("empty", std::vector<std::uint8_t>{});
  w.add("nested", std::vector<std::vector<std::uint8_t>>{{1, 2}, {}});
  w.add(floats("vector", 3)).add({"matrix", {32, 2}, 8, Bytes(68, std::byte{7}), {}});
  return w;
}

std::string gguf_error(const Bytes& bytes) {
  return test::error_of([&] { io::Gguf(bytes, "f.gguf"); });
}
std::string gguf_error(const GgufWriter& writer) {
  return gguf_error(writer.bytes());
}

// Reads everything there is to read.
void use(const io::Gguf& file) {
  for (const auto& [key, value] : file.metadata()) CHECK(!io::describe(value).empty());
  for (const io::GgufTensor& t : file.tensors()) {
    unsigned sum = 0;
    for (std::byte b : t.contents) sum += static_cast<unsigned>(b);
    CHECK(sum < 0xffffffffu);
  }
}

}  // namespace

TEST_CASE("every type of value and both shapes of tensor come back") {
  for (const std::uint32_t version : {2u, 3u}) {
    GgufWriter writer = everything();
    writer.version = version;
    const Bytes bytes = writer.bytes();
    const io::Gguf file(bytes, "f.gguf");
    CHECK(file.version() == static_cast<int>(version));
    CHECK(file.get<std::int64_t>("u8") == 200);
    CHECK(file.get<std::int64_t>("i8") == -100);
    CHECK(file.get<std::int64_t>("u16") == 60000);
    CHECK(file.get<std::int64_t>("i16") == -30000);
    CHECK(file.get<std::int64_t>("u32") == 4000000000);
    CHECK(file.get<std::int64_t>("i32") == -2000000000);
    CHECK(file.get<std::int64_t>("i64") == -5);
    CHECK(file.get<double>("u64") == 0x1p63);
    CHECK(file.get<double>("f32") == double{0.1f});
    CHECK(file.get<double>("f64") == 0.1);
    CHECK(file.get<bool>("yes"));
    CHECK(file.get<std::string>("text") == "caf\xc3\xa9");
    CHECK(file.get<std::string>("none").empty());
    CHECK(file.get<std::vector<std::int64_t>>("ints") == std::vector<std::int64_t>{1, -2, 3});
    CHECK(file.get<std::vector<std::string>>("texts") == std::vector<std::string>{"a", "", "c"});
    CHECK(file.get<std::vector<double>>("reals") == std::vector<double>{0.5, 2});
    CHECK(file.get<std::vector<std::string>>("empty").empty());
    CHECK(std::get<io::GgufArray>(file.metadata().at("nested").value).size() == 2);
    CHECK(!file.find<bool>("nothing"));

    const RawTensor matrix = file.tensor("matrix");
    CHECK(matrix.rows == 2);
    CHECK(matrix.columns == 32);
    CHECK(matrix.type == DType::q8_0);
    CHECK(matrix.row(1)[33] == std::byte{7});
    CHECK((matrix.data - bytes.data()) % 32 == 0);
    CHECK(file.tensor("vector").rows == 1);
    CHECK(file.tensor("nothing").empty());
    use(file);
  }
}

TEST_CASE("a getter names the key, what the file has and what it takes") {
  const Bytes bytes = everything().bytes();
  const io::Gguf file(bytes, "f.gguf");
  CHECK(test::error_of([&] { static_cast<void>(file.get<bool>("u8")); }) == "f.gguf: key u8 is UINT8, expected a BOOL");
  CHECK(test::error_of([&] { static_cast<void>(file.get<std::string>("texts")); }) ==
        "f.gguf: key texts is an ARRAY of 3 STRING, expected a STRING");
  CHECK(test::error_of([&] { static_cast<void>(file.get<std::int64_t>("absent")); }) ==
        "f.gguf: key absent is missing");
  CHECK(says(test::error_of([&] { static_cast<void>(file.get<std::int64_t>("u64")); }), "key u64 is UINT64"));
  CHECK(says(test::error_of([&] { static_cast<void>(file.get<std::int64_t>("f32")); }), "expected an integer"));
  CHECK(says(test::error_of([&] { static_cast<void>(file.get<std::vector<double>>("texts")); }), "texts"));
  CHECK(says(test::error_of([&] { static_cast<void>(file.get<std::vector<std::int64_t>>("nested")); }), "nested"));
  CHECK(says(test::error_of([&] { static_cast<void>(file.find<double>("yes")); }), "expected a number"));
}

TEST_CASE("other formats, versions and byte orders are refused by name") {
  GgufWriter w = everything();
  w.magic = "GGML";
  CHECK(says(gguf_error(w), "f.gguf: is not a GGUF file"));
  w.magic = "GGUF";
  for (const std::uint32_t version : {0u, 1u, 4u}) {
    w.version = version;
    CHECK(gguf_error(w) == concat("f.gguf: has GGUF version ", version, ", expected 2 or 3"));
  }
  w.version = 0x03000000u;
  CHECK(gguf_error(w) == "f.gguf: is a big-endian GGUF file, expected a little-endian one");
  CHECK(says(gguf_error(Bytes{}), "ends within the magic number"));
}

TEST_CASE("counts are held against the bytes that are left before anything is allocated") {
  for (const std::uint64_t huge : {std::uint64_t{1} << 20, std::uint64_t{1} << 61, ~std::uint64_t{0}}) {
    GgufWriter w = everything();
    w.n_tensors = huge;
    CHECK(says(gguf_error(w), "the number of tensors is"));
    w = everything();
    w.n_pairs = huge;
    CHECK(says(gguf_error(w), "the number of metadata keys is"));
    Bytes text, list;
    GgufWriter::number(text, huge);
    CHECK(says(gguf_error(GgufWriter().raw("k", io::GgufType::string, text)), "ends within key \"k\""));
    for (std::uint32_t element = 0; element < io::n_gguf_types; ++element) {
      list.clear();
      GgufWriter::number(list, element);
      GgufWriter::number(list, huge);
      CHECK(says(gguf_error(GgufWriter().raw("k", io::GgufType::array, list)), "length of the array of key \"k\" is"));
    }
  }
}

TEST_CASE("values that the format does not have are refused") {
  CHECK(says(gguf_error(GgufWriter().raw("k", static_cast<io::GgufType>(13), {})), "value type 13, expected 0 to 12"));
  CHECK(says(gguf_error(GgufWriter().raw("k", io::GgufType::boolean, {std::byte{2}})), "BOOL of 2, expected 0 or 1"));
  CHECK(says(gguf_error(GgufWriter().add("k", true).add("k", true)), "key \"k\" is there twice"));
  Bytes nested;  // arrays of one array each
  for (int depth = 0; depth < 1000; ++depth) {
    GgufWriter::number(nested, std::uint32_t{9});
    GgufWriter::number(nested, std::uint64_t{1});
  }
  CHECK(says(gguf_error(GgufWriter().raw("k", io::GgufType::array, nested)), "nests arrays more than 4 deep"));
  CHECK(says(gguf_error(GgufWriter().raw("a\x1b[2J\n", static_cast<io::GgufType>(99), {})), "key \"a\\x1b[2J\\n\""));
  for (const std::uint32_t alignment : {0u, 1u, 4u, 24u, 131072u}) {
    CHECK(says(gguf_error(GgufWriter().add("general.alignment", alignment)), "general.alignment is"));
  }
}

TEST_CASE("tensors that cannot be are refused, each with its name") {
  const auto one = [](GgufWriter::Tensor t) { return gguf_error(GgufWriter().add(std::move(t))); };
  const std::uint64_t big = std::uint64_t{1} << 40;
  CHECK(says(one({"t", {4}, 4, {}, {}}), "tensor \"t\" has the unknown type 4, expected F32 (0), F16 (1)"));
  CHECK(says(one({"t", {}, 0, {}, {}}), "has 0 dimensions, expected 1 to 4"));
  CHECK(says(one({"t", {1, 1, 1, 1, 1}, 0, {}, {}}), "has 5 dimensions, expected 1 to 4"));
  CHECK(says(one({"t", {0}, 0, {}, {}}), "has a dimension of 0"));
  CHECK(says(one({"t", {33}, 8, Bytes(68), {}}), "has rows of 33 elements, expected a multiple of 32 for Q8_0"));
  CHECK(says(one({"t", {128}, 12, Bytes(144), {}}), "expected a multiple of 256 for Q4_K"));
  CHECK(says(one({"t", {big, big}, 0, Bytes(4), {}}), "more elements than memory has addresses"));
  CHECK(says(one({"t", {~std::uint64_t{0}}, 0, Bytes(4), {}}), "more elements than memory has addresses"));
  CHECK(says(one({"t", {2, 2, 2, big}, 0, Bytes(4), {}}), "is the file complete?"));
  CHECK(says(one(floats("t", 8, 4)), "begins at offset 4, expected a multiple of 32"));
  CHECK(says(one(floats("t", 8, 32)), "takes 32 bytes from offset 32, but the data section has 32"));
  CHECK(says(one(floats("t", 8, ~std::uint64_t{31})), "takes 32 bytes from offset 18446744073709551584"));
  CHECK(says(gguf_error(GgufWriter().add(floats("t", 8)).add(floats("t", 8))), "tensor \"t\" is there twice"));
  CHECK(says(gguf_error(GgufWriter().add(floats("a", 9)).add(floats("b", 8, 32))), "\"a\" and \"b\" overlap"));
  CHECK(says(gguf_error(GgufWriter().add(floats("a", 8)).add(floats("b", 8, 0))), "overlap"));

  const Bytes cube = GgufWriter().add({"t", {2, 2, 2}, 0, Bytes(32), {}}).bytes();
  CHECK(says(test::error_of([&] { static_cast<void>(io::Gguf(cube, "f").tensor("t")); }), "3 dimensions"));
  const Bytes flat = GgufWriter().add({"t", {2, 2, 1}, 0, Bytes(16), {}}).bytes();
  CHECK(io::Gguf(flat, "f").tensor("t").rows == 2);
}

TEST_CASE("the data begins where the file's own alignment says") {
  GgufWriter w;
  w.alignment = 256;
  const Bytes bytes = w.add("general.alignment", std::uint32_t{256}).add(floats("a", 3)).add(floats("b", 5)).bytes();
  const io::Gguf file(bytes, "f");
  CHECK(file.alignment() == 256);
  CHECK((file.tensor("b").data - bytes.data()) == 512);
}

TEST_CASE("a file that ends anywhere is an Error") {
  const Bytes whole = everything().bytes();
  use(io::Gguf(whole, "f"));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const Bytes cut(whole.begin(),
                    whole.begin() + static_cast<std::ptrdiff_t>(n));  // exact size: ASan sees a step over
    CHECK_THROWS_AS(io::Gguf(cut, "f"), Error);
  }
}

TEST_CASE("flipped bits and bytes are an Error or another sound file") {
  const Bytes whole = everything().bytes();
  test::Random random(42);
  int accepted = 0;
  for (int round = 0; round < 6000; ++round) {
    Bytes bytes = whole;
    for (std::size_t flips = 1 + random.below(3); flips > 0; --flips) {
      std::byte& b = bytes[random.below(bytes.size())];
      b = round % 2 == 0 ? b ^ static_cast<std::byte>(1u << random.below(8))
                         : static_cast<std::byte>(random.below(256));
    }
    try {
      const io::Gguf file(bytes, "f");
      use(file);
      ++accepted;
    } catch (const Error&) {
    }
  }
  CHECK(accepted > 100);   // the data and the texts may change freely
  CHECK(accepted < 5900);  // the header may not
}

TEST_CASE("a file stays mapped as long as its storage is held") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("f.gguf", test::as_text(everything().bytes()));
  std::shared_ptr<const void> storage;
  RawTensor matrix;
  {
    const io::Gguf file(path);
    storage = file.storage();
    matrix = file.tensor("matrix");
  }
  CHECK(matrix.row(1)[33] == std::byte{7});
  CHECK(storage.use_count() == 1);
}
