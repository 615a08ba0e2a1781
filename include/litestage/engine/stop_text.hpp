// The text that a branch has written so far, and whether it has reached a stop string.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace litestage {

class StopText {
 public:
  StopText() = default;
  explicit StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {
    for (const std::string& s : stops_) longest_ = std::max(longest_, s.size());
  }

  // Appends the piece of one token. True when the text now contains a stop string: it is cut before the first of them.
  bool push(std::string_view piece) {
    const std::size_t old = text_.size();
    text_ += piece;
    const std::size_t from = old >= longest_ ? old - longest_ : 0;  // a stop string may begin in earlier pieces
    std::size_t cut = std::string::npos;
    for (const std::string& s : stops_) {
      if (!s.empty()) cut = std::min(cut, text_.find(s, from));
    }
    if (cut == std::string::npos) return false;
    text_.resize(cut);
    return true;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::vector<std::string> stops_;
  std::size_t longest_ = 0;
  std::string text_;
};

}  // namespace litestage
