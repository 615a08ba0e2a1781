// Joining and cutting of text with authors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/io/text/jinja/values/marked_text.hpp"
#include "litestage/io/text/text_part.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE void MarkedText::append(std::string_view text, Author author) {
  if (text.empty()) return;
  text_ += text;
  if (!runs_.empty() && runs_.back().author == author) {
    runs_.back().end = text_.size();
  } else {
    runs_.push_back({.end = text_.size(), .author = author});
  }
}

LITESTAGE_INLINE void MarkedText::append(const MarkedText& from, std::size_t begin, std::size_t size) {
  if (size == 0) return;
  const std::size_t end = begin + size;
  auto run = std::upper_bound(from.runs_.begin(), from.runs_.end(), begin,
                              [](std::size_t at, const Run& r) { return at < r.end; });
  for (std::size_t at = begin; at < end; ++run) {
    const std::size_t stop = std::min(run->end, end);
    append(std::string_view(from.text_).substr(at, stop - at), run->author);
    at = stop;
  }
}

LITESTAGE_INLINE MarkedText MarkedText::part(std::size_t begin, std::size_t size) const {
  MarkedText found;
  found.append(*this, begin, size);
  return found;
}

LITESTAGE_INLINE Author MarkedText::author() const {
  Author all = Author::markup;
  for (const Run& run : runs_) all = merged(all, run.author);
  return all;
}

LITESTAGE_INLINE std::vector<TextPart> MarkedText::parts() const {
  std::vector<TextPart> parts;
  std::size_t begin = 0;
  for (const Run& run : runs_) {
    const bool is_markup = run.author == Author::markup;
    if (parts.empty() || parts.back().markup != is_markup) parts.push_back({.text = {}, .markup = is_markup});
    parts.back().text.append(text_, begin, run.end - begin);
    begin = run.end;
  }
  return parts;
}

}  // namespace litestage::io::jinja
