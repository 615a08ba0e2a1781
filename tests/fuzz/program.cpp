// The program of all fuzz targets. It runs the target whose name the program was started under (fuzz_gguf is a link to
// it), because one program compiles in a third of the time of one for each target.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "fuzz/targets.hpp"

namespace {

const litestage::test::FuzzTarget* chosen = nullptr;

}  // namespace

// Functions that libFuzzer and driver.cpp call.
extern "C" int LLVMFuzzerInitialize(int*, char*** argv) {
  std::string_view name = (*argv)[0];
  name.remove_prefix(name.rfind('/') + 1);
  chosen =
      std::find_if(std::begin(fuzz_targets), std::end(fuzz_targets), [&](const auto& t) { return t.name == name; });
  if (chosen != std::end(fuzz_targets)) return 0;
  std::fprintf(stderr, "found the program name %s, expected that of a target:", (*argv)[0]);
  for (const auto& target : fuzz_targets) std::fprintf(stderr, " %s", target.name.data());
  std::fputc('\n', stderr);
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run(data, size);
  return 0;
}
