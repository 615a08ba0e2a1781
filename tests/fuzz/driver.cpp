// Stands in for libFuzzer where it is missing: every input of the folders named on the command line, then mutations of
// them, the same in every run. Of libFuzzer's options it knows -runs, -seed and -max_total_time and ignores the rest.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

std::vector<Bytes> read_folder(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> inputs;
  for (const auto& path : paths) inputs.push_back(read(path));
  return inputs;
}

// A few random edits: flipped bits, interesting bytes, cuts, insertions, repetitions.
void mutate(Bytes& input, std::mt19937_64& random) {
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::uint8_t interesting[] = {0x00, 0xff, 0x7f, 0x80, '"', '{', ',', ':', '='};
  for (std::size_t edits = 1 + below(8); edits != 0; --edits) {
    const std::size_t at = input.empty() ? 0 : below(input.size());
    const std::uint64_t kind = input.empty() ? 3 : random() % 5;
    if (kind == 0) input[at] = static_cast<std::uint8_t>(input[at] ^ (1u << below(8)));
    if (kind == 1) input[at] = interesting[below(std::size(interesting))];
    if (kind == 2) input.resize(at);
    if (kind == 3) input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
    if (kind == 4 && input.size() < 65536) {
      const Bytes piece(input.begin() + static_cast<std::ptrdiff_t>(at), input.end());
      input.insert(input.end(), piece.begin(), piece.end());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  LLVMFuzzerInitialize(&argc, &argv);
  std::uint64_t runs = 20000, seed = 1, seconds = 20;
  std::vector<Bytes> inputs = {{}};
  for (const std::string_view argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
    const auto number = [&argument] { return std::strtoull(argument.data() + argument.find('=') + 1, nullptr, 10); };
    if (argument.starts_with("-runs=")) runs = number();
    if (argument.starts_with("-seed=")) seed = number();
    if (argument.starts_with("-max_total_time=")) seconds = number();
    if (argument.starts_with("-")) continue;
    for (Bytes& input : read_folder(argument)) inputs.push_back(std::move(input));
  }
  for (const Bytes& input : inputs) LLVMFuzzerTestOneInput(input.data(), input.size());

  std::mt19937_64 random(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::uint64_t done = 0;
  for (; done < runs && std::chrono::steady_clock::now() < end; ++done) {
    Bytes input = inputs[random() % inputs.size()];
    mutate(input, random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu starting inputs, %llu mutations\n", inputs.size(), static_cast<unsigned long long>(done));
}
