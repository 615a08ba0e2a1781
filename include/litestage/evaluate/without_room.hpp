// The questions of a run that did not fit into the context, reported as one sentence.
#pragma once

#include <cstddef>
#include <string>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/report.hpp"

namespace litestage::evaluate {

class WithoutRoom {
 public:
  // `question`: question id.
  void add(const std::string& question, const NoRoom& why) {
    if (n_++ == 0) first_ = concat("question ", shown(question), ": ", litestage::sentence(why));
  }
  [[nodiscard]] bool any() const { return n_ > 0; }
  // `questions`: number of all questions.
  [[nodiscard]] std::string sentence(std::size_t questions) const {
    return concat(n_, " of ", questions, n_ == 1 ? " questions does" : " questions do", " not fit into --context and ",
                  n_ == 1 ? "counts" : "count", " as not answered (", n_ == 1 ? "" : "the first is ", first_, ")");
  }

 private:
  std::size_t n_ = 0;
  std::string first_;
};

}  // namespace litestage::evaluate
