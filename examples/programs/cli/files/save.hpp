// The last step of a program: finished work goes into its file, or somewhere else, but is never lost.
#pragma once

#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/files/kept_file.hpp"
#include "litestage/settings/expected.hpp"

namespace litestage::cli {

// Writes `text` to the file that `option` names. Where it cannot be put there, an Error says why, and where it lies
// instead; where no file at all can be written, the text itself goes to standard output first.
inline void save(const std::string& option, const std::string& path, std::string_view text) {
  const io::KeptFile kept = io::keep_file(path, text);
  if (kept.problem.empty()) return;
  if (!kept.path.empty())
    throw Error(concat(option, " ", kept.problem, "; what was to be written lies in ", kept.path));
  std::cout << text << std::flush;
  throw Error(concat(option, " ", kept.problem, "; no other file could be written either, so the text was printed"));
}

// Steps that are all taken, whatever becomes of the others: what fails must not keep finished work from being printed
// and written.
class Failures {
 public:
  template <class Step>
  void attempt(const Step& step) {
    try {
      step();
    } catch (const std::exception& e) {
      if (!first_) first_ = std::current_exception();
      sentences_.emplace_back(e.what());
    }
  }
  // Throws what was thrown; where several steps have failed, an Error with the words of all.
  void report() const {
    if (sentences_.size() == 1) std::rethrow_exception(first_);
    if (!sentences_.empty()) throw Error(joined(sentences_, "; "));
  }

 private:
  std::exception_ptr first_;
  std::vector<std::string> sentences_;
};

}  // namespace litestage::cli
