// The last step of a program: writes finished work to its file, or to a different place, but never loses it.
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

// Writes `text` to the file of `option`. If that fails, throws an Error with the reason and the file that holds the
// text instead; if no file can be written, the text is printed to standard output first.
inline void save(const std::string& option, const std::string& path, std::string_view text) {
  const io::KeptFile kept = io::keep_file(path, text);
  if (kept.problem.empty()) return;
  if (!kept.path.empty())
    throw Error(concat(option, " ", kept.problem, "; what was to be written lies in ", kept.path));
  std::cout << text << std::flush;
  throw Error(concat(option, " ", kept.problem, "; no other file could be written either, so the text was printed"));
}

// Runs several steps even if some of them fail, so that a failure does not keep finished work from being printed and
// written.
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
  // Throws the error of a failed step, or, if several failed, an Error with all their messages.
  void report() const {
    if (sentences_.size() == 1) std::rethrow_exception(first_);
    if (!sentences_.empty()) throw Error(joined(sentences_, "; "));
  }

 private:
  std::exception_ptr first_;
  std::vector<std::string> sentences_;
};

}  // namespace litestage::cli
