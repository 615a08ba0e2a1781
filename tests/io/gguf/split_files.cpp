// Models in several files: whichever part is named, all are read, and parts that do not belong together are refused.
#include "litestage/io/gguf/split_files.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "common/gguf_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/tiny_model.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/gguf/model_source.hpp"

using namespace litestage;
using test::Bytes;
using test::GgufWriter;

namespace {

// The whole model, and the writers of its three parts, of which the first has few tensors.
struct SplitModel {
  GgufWriter whole = test::gguf_of(test::tiny_model(test::tiny_config()));
  std::vector<GgufWriter> parts{whole, {}, {}};

  SplitModel() {
    parts[0].tensors().clear();
    const auto total = static_cast<std::int32_t>(whole.tensors().size());
    for (std::size_t i = 0; i < whole.tensors().size(); ++i) {
      parts[i < 3 ? 0 : i < 20 ? 1 : 2].add(whole.tensors()[i]);
    }
    for (std::size_t p = 0; p < parts.size(); ++p) keys(parts[p], p, 3, total);
  }
  static void keys(GgufWriter& part, std::size_t number, std::size_t count, std::int32_t tensors) {
    part.add("split.no", static_cast<std::uint16_t>(number)).add("split.count", static_cast<std::uint16_t>(count));
    part.add("split.tensors.count", tensors);
  }
  // Writes all parts and returns the path of part `number` (from 1).
  [[nodiscard]] std::string write(const test::ScratchFolder& folder, int number) const {
    for (int p = 1; p <= 3; ++p) {
      folder.write(name(p), test::as_text(parts[static_cast<std::size_t>(p - 1)].bytes()));
    }
    return folder.path(name(number));
  }
  [[nodiscard]] static std::string name(int number) { return io::SplitName{"tiny", number, 3}.path(); }
};

// The error of opening part `number` of a model with the part `of` (from 0) replaced.
std::string error_with(std::size_t of, const GgufWriter& part, int number = 1) {
  const test::ScratchFolder folder;
  SplitModel model;
  model.parts[of] = part;
  const std::string path = model.write(folder, number);
  std::string said = test::error_of([&] { static_cast<void>(io::Gguf(path)); });
  for (std::size_t at = said.find(folder.path("")); at != said.npos; at = said.find(folder.path(""))) {
    said.erase(at, folder.path("").size());
  }
  return said;
}

GgufWriter part_with(std::size_t number, std::size_t count, std::int32_t tensors) {
  GgufWriter part;
  SplitModel::keys(part, number, count, tensors);
  return part;
}

}  // namespace

TEST_CASE("a path is that of a part, or of a whole model") {
  const auto name = io::split_name("a/b-00002-of-00013.gguf");
  REQUIRE(name.has_value());
  CHECK(name->stem == "a/b");
  CHECK(name->number == 2);
  CHECK(name->count == 13);
  CHECK(name->path() == "a/b-00002-of-00013.gguf");
  CHECK(io::SplitName{"x", 99999, 99999}.path() == "x-99999-of-99999.gguf");
  for (const char* other :
       {"", "b.gguf", "-00001-of-0003.gguf", "b-00003-of-00002.gguf", "b-00000-of-00002.gguf", "b-0001-of-00002.gguf",
        "b-00001-of-00002.bin", "b-00001_of-00002.gguf", "b_00001-of-00002.gguf", "b-0x001-of-00002.gguf",
        "b-00001-of-00002.gguf.part", "b-+0001-of-00002.gguf", "b--0001-of-00002.gguf"}) {
    CHECK_MESSAGE(!io::split_name(other), other);
  }
}

TEST_CASE("whichever part is opened, all tensors are there, as in the whole model") {
  const SplitModel model;
  const Bytes bytes = model.whole.bytes();
  const io::Gguf whole(bytes, "whole");
  const test::ScratchFolder folder;
  for (const int number : {1, 2, 3}) {
    const io::Gguf file(model.write(folder, number));
    CHECK(file.source() == folder.path(SplitModel::name(1)));
    CHECK(file.files().size() == 3);
    CHECK(file.get<std::string>("general.architecture") == "llama");
    REQUIRE(file.tensors().size() == whole.tensors().size());
    for (std::size_t i = 0; i < whole.tensors().size(); ++i) {
      const RawTensor a = whole.tensor(whole.tensors()[i].name), b = file.tensor(file.tensors()[i].name);
      CHECK(a.name == b.name);
      CHECK((a.rows == b.rows && a.columns == b.columns && a.type == b.type));
      CHECK(std::memcmp(a.data, b.data, a.bytes()) == 0);
    }
  }
  CHECK(io::Gguf::one_file(folder.path(SplitModel::name(2))).tensors().size() == 17);
}

TEST_CASE("the files of a split model stay mapped as long as the model that was read from them") {
  const SplitModel model;
  const Bytes bytes = model.whole.bytes();
  const ModelSource whole = io::read_model_source(io::Gguf(bytes, "whole"));
  const test::ScratchFolder folder;
  const ModelSource source = io::read_model_source(model.write(folder, 2));
  for (int p = 1; p <= 3; ++p) std::filesystem::remove(folder.path(SplitModel::name(p)));
  const auto read = all_tensors(source.tensors), expected = all_tensors(whole.tensors);
  REQUIRE(read.size() == expected.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    CHECK(std::memcmp(read[i]->data, expected[i]->data, expected[i]->bytes()) == 0);
  }
}

TEST_CASE("the fingerprint of a split model is that of its bytes one after another, whichever part is opened") {
  const test::ScratchFolder folder;
  SplitModel model;
  Bytes all;
  for (const GgufWriter& part : model.parts) {
    const Bytes bytes = part.bytes();
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  const std::string print = io::fingerprint(all), sampled = io::sampled_fingerprint(io::Gguf(model.write(folder, 1)));
  for (const int number : {1, 2, 3}) {
    const io::Gguf file(model.write(folder, number));
    CHECK(io::fingerprint(file) == print);
    CHECK(io::sampled_fingerprint(file) == sampled);
  }
  for (std::size_t part = 0; part < 3; ++part) {
    SplitModel other;
    other.parts[part].tensors().back().data.back() ^= std::byte{1};
    const io::Gguf file(other.write(folder, 1));
    CHECK(io::fingerprint(file) != print);
    CHECK(io::sampled_fingerprint(file) != sampled);
  }
}

TEST_CASE("a missing part is named") {
  const test::ScratchFolder folder;
  const std::string path = SplitModel().write(folder, 2), missing = folder.path(SplitModel::name(3));
  std::filesystem::remove(missing);
  CHECK(test::error_of([&] { static_cast<void>(io::Gguf(path)); }) ==
        missing + ": is missing, expected part 3 of the 3 parts of the model to which " + path + " belongs");
}

TEST_CASE("a part with another name is refused, because the others cannot be found") {
  const test::ScratchFolder folder;
  const std::string path = SplitModel().write(folder, 2);
  const std::string expected =
      ": is part 2 of 3 of a split model, expected a name that ends in -00002-of-00003.gguf, by which the other parts "
      "are found";
  for (const char* name : {"tiny.gguf", "tiny-00001-of-00002.gguf", "tiny-00002-of-00004.gguf"}) {
    std::filesystem::copy_file(path, folder.path(name));
    CHECK(test::error_of([&] { static_cast<void>(io::Gguf(folder.path(name))); }) == folder.path(name) + expected);
  }
}

TEST_CASE("parts of other models are refused") {
  const auto total = static_cast<std::int32_t>(SplitModel().whole.tensors().size());
  CHECK(error_with(1, part_with(2, 3, total)) ==
        "tiny-00002-of-00003.gguf: key split.no is 2, expected 1 by the file's name");
  CHECK(error_with(1, part_with(1, 2, total)) ==
        "tiny-00002-of-00003.gguf: key split.count is 2, expected 3 as in tiny-00001-of-00003.gguf");
  CHECK(error_with(0, part_with(0, 3, total + 1), 3) == concat("tiny-00001-of-00003.gguf: key split.tensors.count is ",
                                                               total + 1, ", expected ", total,
                                                               " as in tiny-00003-of-00003.gguf"));
  CHECK(error_with(2, GgufWriter()) == "tiny-00003-of-00003.gguf: key split.no is missing");
  CHECK(error_with(2, part_with(2, 3, total)) ==
        concat("tiny-00001-of-00003.gguf: the 3 parts of the model have 20 tensors, expected ", total,
               " as key split.tensors.count says"));
  GgufWriter twice = SplitModel().parts[2];
  twice.tensors()[0].name = "token_embd.weight";
  CHECK(error_with(2, twice) ==
        "tiny-00003-of-00003.gguf: tensor \"token_embd.weight\" is also in an earlier part of the model");
}

TEST_CASE("keys of a part that are out of range are refused") {
  CHECK(error_with(0, part_with(3, 3, 9)) ==
        "tiny-00001-of-00003.gguf: key split.no is 3, expected 0 to 2 as there are 3 parts");
  GgufWriter many;
  many.add("split.no", std::uint16_t{0}).add("split.count", std::int64_t{1} << 40).add("split.tensors.count", 9);
  CHECK(error_with(0, many) == "tiny-00001-of-00003.gguf: key split.count is 1099511627776, expected 1 to 99999");
  GgufWriter words;
  words.add("split.count", "3");
  CHECK(test::says(error_with(0, words), "key split.count is"));
}

TEST_CASE("a part that is shorter than its header says is named") {
  const test::ScratchFolder folder;
  const SplitModel model;
  const std::string path = model.write(folder, 1), second = folder.path(SplitModel::name(2));
  std::filesystem::resize_file(second, std::filesystem::file_size(second) - 1);
  const std::string said = test::error_of([&] { static_cast<void>(io::Gguf(path)); });
  CHECK(test::says(said, second + ": tensor "));
  CHECK(test::says(said, "is the file complete?"));
}

TEST_CASE("a model in one part is a whole model") {
  GgufWriter whole = SplitModel().whole;
  SplitModel::keys(whole, 0, 1, static_cast<std::int32_t>(whole.tensors().size()));
  const test::ScratchFolder folder;
  const io::Gguf file(folder.write("any.gguf", test::as_text(whole.bytes())));
  CHECK(file.files().size() == 1);
  CHECK(io::read_model_source(file).config.n_layers == 4);
}
