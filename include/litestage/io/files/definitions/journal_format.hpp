// Writing, checking and reading of the lines of a journal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/journal_format.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"

namespace litestage::io {

LITESTAGE_INLINE std::string JournalLines::write(const Form& record) {
  const std::string text = to_json(record);
  sum_.add(text);
  return concat(before_sum, hexadecimal(sum_.value()), before_record, text, "}\n");
}

LITESTAGE_INLINE std::size_t JournalLines::read(std::string_view line) {
  if (line.size() < record_begin || !starts_like_line(line)) return 0;
  if (line.substr(sum_end, before_record.size()) != before_record) return 0;
  const std::string_view wanted = line.substr(before_sum.size(), sum_digits);
  Fnv1a sum = sum_;
  for (std::size_t at = record_begin; at < line.size(); ++at) {
    if (line[at] == '}' && hexadecimal(sum.value()) == wanted) {
      sum_ = sum;
      return at + 1;
    }
    sum.add(static_cast<std::byte>(line[at]));
  }
  return 0;
}

LITESTAGE_INLINE std::string_view JournalLines::record_text(std::string_view line) {
  return line.substr(record_begin, line.size() - record_begin - 1);
}

LITESTAGE_INLINE bool JournalLines::starts_like_line(std::string_view text) {
  return text.substr(0, before_sum.size()) == before_sum;
}

LITESTAGE_INLINE Form journal_head(const Form& identity) {
  return Form::Map{{"format", journal_format}, {"identity", identity}};
}

namespace detail {

struct Difference {
  std::string key;
  const Form* found = nullptr;  // null if there is none
  const Form* wanted = nullptr;
};

// The first key in which two values differ. The order of keys does not matter. The recursion is as deep as the JSON
// value, whose depth is limited.
[[nodiscard]] inline std::optional<Difference> first_difference(const Form& found, const Form& wanted,
                                                                const std::string& key) {
  if (found.is_map() && wanted.is_map()) {
    const auto inner = [&](const std::string& name) { return key.empty() ? name : concat(key, ".", name); };
    for (const Form::Member& member : wanted.map(key)) {
      const Form* there = found.find(member.first);
      if (there == nullptr) return Difference{.key = inner(member.first), .wanted = &member.second};
      if (auto difference = first_difference(*there, member.second, inner(member.first))) return difference;
    }
    for (const Form::Member& member : found.map(key)) {
      if (wanted.find(member.first) == nullptr) return Difference{.key = inner(member.first), .found = &member.second};
    }
    return std::nullopt;
  }
  if (found.is_list() && wanted.is_list() && found.list(key).size() == wanted.list(key).size()) {
    for (std::size_t i = 0; i < found.list(key).size(); ++i) {
      if (auto difference = first_difference(found.list(key)[i], wanted.list(key)[i], concat(key, "[", i, "]"))) {
        return difference;
      }
    }
    return std::nullopt;
  }
  if (found == wanted) return std::nullopt;
  return Difference{.key = key, .found = &found, .wanted = &wanted};
}

// `found` with the keys of earlier versions converted to those of this version.
[[nodiscard]] inline Form as_written_now(const Form& found, const Form& wanted,
                                         const std::vector<EarlierKey>& earlier) {
  if (!found.is_map() || !wanted.is_map()) return found;
  Form now{Form::Map{}};
  for (const auto& [key, value] : found.map("identity")) {
    const Form* own = wanted.find(key);
    const auto is_earlier = [&, &name = key, &said = value](const EarlierKey& e) {
      return e.key == name && (e.value ? own != nullptr && said == *e.value : own == nullptr);
    };
    const bool differs_in_words = std::any_of(earlier.begin(), earlier.end(), is_earlier);
    if (!differs_in_words) now.add(key, value);
    if (differs_in_words && own != nullptr) now.add(key, *own);
  }
  return now;
}

// The identity in the first line, which is `identity` or an earlier form of it.
[[nodiscard]] inline Form require_identity(const Record& head, const Form& identity, const std::string& source,
                                           const std::vector<EarlierKey>& earlier) {
  const std::string& format = head.value.at("format", head.where).string(concat(head.where, ": format"));
  if (format != journal_format) {
    throw Error(concat(head.where, ": format is ", in_quotes(format), ", expected ", in_quotes(journal_format)));
  }
  const Form wanted = parse_json(to_json(identity), "identity");  // as it would be read from a file
  Form found = head.value.at("identity", head.where);
  const Form now = as_written_now(found, wanted, earlier);
  const auto difference = first_difference(now, wanted, "");
  if (!difference) return found;
  const auto text = [](const Form* value) { return value == nullptr ? "missing" : shown(to_json(*value)); };
  throw Error(concat(source,
                     ": is the journal of other work: ", difference->key.empty() ? "identity" : shown(difference->key),
                     " is ", text(difference->found), " there and ", text(difference->wanted),
                     " here; choose another file (--journal FILE) or remove this one"));
}

// The text of the record at the front of `rest`, or nothing if the line there was never finished.
[[nodiscard]] inline std::optional<std::string_view> next_record(JournalLines& lines, std::string_view rest,
                                                                 const std::string& where) {
  const std::size_t end = rest.find('\n');
  const std::string_view content = rest.substr(0, end);
  if (content.size() >= max_journal_line) {
    throw Error(concat(where, ": the line is ", content.size(), " bytes long, expected fewer than ", max_journal_line));
  }
  const bool ended = end != std::string_view::npos;
  JournalLines next = lines;  // `lines` stays unchanged if only the line end is missing
  const std::size_t length = next.read(content);
  if (ended && length != 0 && length == content.size()) {
    lines = next;
    return JournalLines::record_text(content);
  }
  // An unfinished line contains no whole record followed by more text. If it does, the line end was damaged.
  const bool last = !ended || end + 1 == rest.size();
  if (last && (length == 0 || length == content.size())) return std::nullopt;
  throw Error(concat(where, ": the line is damaged, its checksum is that of another text; restore the file or choose ",
                     "another one (--journal FILE)"));
}

}  // namespace detail

LITESTAGE_INLINE JournalText parse_journal(std::string_view text, const Form& identity, const std::string& source,
                                           const std::vector<EarlierKey>& earlier) {
  JournalText journal;
  for (std::size_t line = 1; journal.whole_bytes < text.size(); ++line) {
    const std::string_view rest = text.substr(journal.whole_bytes);
    if (line == 1 && !JournalLines::starts_like_line(rest)) break;
    const std::string where = concat(source, ":", line);
    const auto found = detail::next_record(journal.lines, rest, where);
    if (!found) break;
    Record record = {where, parse_json(*found, source, line)};
    if (line == 1) {
      journal.identity = detail::require_identity(record, identity, source, earlier);
    } else {
      journal.records.push_back(std::move(record));
    }
    journal.whole_bytes += rest.find('\n') + 1;
  }
  if (journal.whole_bytes == 0) {
    throw Error(concat(source, ": is no journal, expected a file of format ", journal_format, " or a new name"));
  }
  return journal;
}

}  // namespace litestage::io
