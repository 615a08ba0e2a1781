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
    // A stop string may begin in earlier pieces.
    const std::size_t from = std::max(begin_, old >= longest_ ? old - longest_ : 0);
    std::size_t cut = std::string::npos;
    for (const std::string& s : stops_) {
      if (!s.empty()) cut = std::min(cut, text_.find(s, from));
    }
    if (cut == std::string::npos) return false;
    text_.resize(cut);
    return true;
  }
  // Appends a text that stop strings do not apply to, neither within it nor across its end.
  void append(std::string_view text) {
    text_ += text;
    begin_ = text_.size();
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::vector<std::string> stops_;
  std::size_t longest_ = 0;
  std::size_t begin_ = 0;  // stop strings are looked for from here on
  std::string text_;
};

}  // namespace litestage
