// Writes logits to a NumPy file, row by row: float32 [positions, vocab]. Format: numpy/numpy numpy/lib/format.py,
// version 1.0.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/files/output_file.hpp"

namespace litestage::cli {

// The file appears when every row is written and `commit` is called. A full disk is reported by `commit` only, so that
// the other results of the run are not lost.
class LogitsFile {
 public:
  LogitsFile(const std::string& path, std::size_t positions, std::size_t vocab)
      : file_(path), positions_(positions), row_(vocab) {
    static_assert(std::endian::native == std::endian::little, "written as the machine holds them");
    std::string header = concat("{'descr': '<f4', 'fortran_order': False, 'shape': (", positions, ", ", vocab, "), }");
    constexpr std::size_t before = 10, alignment = 64;  // the numbers begin at a multiple of 64 bytes
    header.append(alignment - (before + header.size()) % alignment, ' ');
    header.back() = '\n';
    const std::size_t size = header.size();
    file_.write(std::string_view("\x93NUMPY\x01\x00", 8));
    const char length[] = {static_cast<char>(size & 0xff), static_cast<char>(size >> 8)};
    file_.write(std::string_view(length, sizeof length));
    file_.write(header);
  }

  template <class Real>
  void add(std::span<const Real> logits) {
    LITESTAGE_ASSERT(logits.size() == row_.size() && written_ < positions_, logits.size(), " logits of row ", written_);
    for (std::size_t i = 0; i < logits.size(); ++i) row_[i] = static_cast<float>(logits[i]);
    ++written_;
    if (!failure_.empty()) return;
    try {
      file_.write(std::string_view(reinterpret_cast<const char*>(row_.data()), row_.size() * sizeof(float)));
    } catch (const Error& e) {
      failure_ = e.what();
    }
  }
  void commit() {
    LITESTAGE_ASSERT(written_ == positions_, written_, " rows of ", positions_);
    if (!failure_.empty()) throw Error(failure_);
    file_.commit();
  }

 private:
  io::OutputFile file_;
  std::size_t positions_, written_ = 0;
  std::vector<float> row_;  // [vocab]
  std::string failure_;     // message of the first row that could not be written
};

}  // namespace litestage::cli
