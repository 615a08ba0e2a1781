// The text that a branch has generated so far, with a check for stop strings.
#pragma once

#include <algorithm>
#include <cstddef>
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

  // Appends the piece of one token. Returns true if the text now contains a stop string; the text is then cut before
  // the first one.
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
