// Dequantises the tensors of a GGUF file for dequantise_types.py, which builds and runs it. Writes the numbers of all
// tensors, in the order of the file, as floats to standard output.
#include <exception>
#include <iostream>
#include <vector>

#include "litestage/core/quant_blocks.hpp"
#include "litestage/io/gguf/gguf.hpp"

using namespace litestage;

int main(int argc, char** argv) try {
  if (argc != 2) throw Error("usage: dequantise_ours FILE.gguf");
  const io::Gguf file(argv[1]);
  for (const io::GgufTensor& t : file.tensors()) {
    const RawTensor tensor = file.tensor(t.name);
    std::vector<float> row(tensor.columns);
    for (std::size_t r = 0; r < tensor.rows; ++r) {
      dequantize_row(tensor.type, tensor.row(r), row.data(), row.size());
      std::cout.write(reinterpret_cast<const char*>(row.data()),
                      static_cast<std::streamsize>(row.size() * sizeof(float)));
    }
  }
} catch (const std::exception& error) {
  return std::cerr << "dequantise_ours: " << error.what() << "\n", 1;
}
