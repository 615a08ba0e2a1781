// Fingerprints: they depend on every byte and only on bytes, and those in existing plans and journals stay valid.
#include "litestage/io/gguf/fingerprint.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "common/gguf_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/tiny_model.hpp"
#include "litestage/io/gguf/gguf.hpp"

using namespace litestage;
using test::Bytes;

namespace {

std::string of(const Bytes& bytes) {
  return io::fingerprint(io::Gguf(bytes, "a"));
}
std::string sampled(const Bytes& bytes) {
  return io::sampled_fingerprint(io::Gguf(bytes, "a"));
}
Bytes changed_at(Bytes bytes, std::size_t at) {
  bytes[at] ^= std::byte{1};
  return bytes;
}

}  // namespace

TEST_CASE("a byte anywhere in a tensor changes the fingerprint, also those that samples leave out") {
  const Bytes bytes = test::gguf_of(test::tiny_model(test::tiny_config())).bytes();
  const RawTensor down = io::Gguf(bytes, "a").tensor("blk.3.ffn_down.weight");
  REQUIRE(down.bytes() > std::size_t{8} * 64);
  const auto begin = static_cast<std::size_t>(down.data - bytes.data());
  std::size_t same = 0, same_samples = 0;
  for (std::size_t at = begin; at < begin + down.bytes(); at += 61) {
    const Bytes changed = changed_at(bytes, at);
    same += of(changed) == of(bytes) ? 1 : 0;
    same_samples += sampled(changed) == sampled(bytes) ? 1 : 0;
  }
  CHECK(same == 0);
  CHECK(same_samples > 0);  // otherwise the test shows nothing
}

TEST_CASE("metadata, the length of the file and its last byte count too") {
  const ModelSource model = test::tiny_model(test::tiny_config());
  const Bytes bytes = test::gguf_of(model).bytes();
  CHECK(of(bytes) != of(test::gguf_of(model).add("general.name", "x").bytes()));
  CHECK(of(bytes) != of(changed_at(bytes, bytes.size() - 1)));
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  CHECK(of(bytes) != of(longer));
}

TEST_CASE("equal bytes have the same fingerprint under another name, at another place and with another date") {
  const Bytes bytes = test::gguf_of(test::tiny_model(test::tiny_config())).bytes();
  CHECK(of(bytes) == io::fingerprint(io::Gguf(Bytes(bytes), "another name")));
  const test::ScratchFolder folder, elsewhere;
  const std::string first = folder.write("first.gguf", test::as_text(bytes));
  const std::string second = elsewhere.write("second.gguf", test::as_text(bytes));
  std::filesystem::last_write_time(second, std::filesystem::file_time_type::clock::now() - std::chrono::hours(24));
  CHECK(io::fingerprint(io::Gguf(first)) == of(bytes));
  CHECK(io::fingerprint(io::Gguf(second)) == of(bytes));
}

// Plans and journals hold these: a value that changes makes them useless. `xxhsum -H2` prints the same digits.
TEST_CASE("known fingerprints") {
  CHECK(io::fingerprint(std::span<const std::byte>()) == "xxh3:99aa06d3014798d86001c324468d497f");
  Bytes bytes;
  for (int i = 0; i < 3000; ++i) bytes.push_back(static_cast<std::byte>(i % 251));
  CHECK(io::fingerprint(bytes) == "xxh3:d324b9e72fa9fb271b846747012c24aa");
}

TEST_CASE("the sampled fingerprint of earlier versions is still theirs") {
  test::GgufWriter w;
  Bytes long_tensor;
  for (int i = 0; i < 4000; ++i) long_tensor.push_back(static_cast<std::byte>(i % 251));
  w.add("general.architecture", "llama").add({"long", {1000}, 0, long_tensor, {}});
  w.add({"short", {3}, 0, Bytes(12, std::byte{7}), {}});
  CHECK(sampled(w.bytes()) == "6ccaf3f5cb2c32bf");
  const ModelSource model = test::tiny_model(test::tiny_config());
  const Bytes print = test::gguf_of(model).bytes();
  CHECK(sampled(print) == io::sampled_fingerprint(io::Gguf(Bytes(print), "another name")));
  CHECK(sampled(print) != sampled(test::gguf_of(test::tiny_model(model.config, {.seed = 2})).bytes()));
  CHECK(sampled(print) != sampled(test::gguf_of(model).add("general.name", "x").bytes()));
  for (const bool last : {false, true}) {  // both ends of a tensor larger than all its pieces are looked at
    const RawTensor down = io::Gguf(print, "a").tensor("blk.3.ffn_down.weight");
    const auto at = static_cast<std::size_t>(down.data - print.data()) + (last ? down.bytes() - 1 : 0);
    CHECK(sampled(print) != sampled(changed_at(print, at)));
  }
}
