// The example of the README: a question in three stages, with a skip policy and an early exit chosen at compile time.
#include <iostream>

#include "litestage/io/open_model.hpp"
#include "litestage/litestage.hpp"

using namespace litestage;

int main(int argc, char** argv) try {
  if (argc != 2) throw Error("usage: hello MODEL.gguf");
  const auto skip = read_spec<skip::Static>("static:analyze=a5/m7-m9", "skip");  // sub-layers 5 and 7 to 9 of one stage
  const early_exit::LowConfidence<confidence::MaxProb> exit{.criterion = {}, .window = 8, .threshold = 0.35f};
  Pipeline pipeline(io::open_model(argv[1]), skip, exit, stages::Chat{});
  for (const auto& stage : pipeline.run({"q1", "What melts in the sun?", {"a rock", "ice", "a spoon"}}).stages) {
    std::cout << stage.name << ", " << stage.sublayers_skipped << " sub-layers skipped, " << stage.decode_s << " s\n";
    for (const BranchReport& branch : stage.branches) std::cout << "  " << shown(branch.text, 400) << "\n";
  }
} catch (const std::exception& error) {
  return std::cerr << "hello: " << error.what() << "\n", 1;
}
