// Reading and writing of JSON. The only header that includes a JSON library.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

namespace detail {

inline constexpr std::size_t max_json_depth = 64;  // of nested lists and objects; our own limit

// Iterates over a text and records its position, so that the event handlers below can name the line.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.at_ == b.at_; }
  friend bool operator!=(const CountingIterator& a, const CountingIterator& b) { return a.at_ != b.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// Receives the parser's events and builds the tree. Containers under construction are kept on an explicit stack, and
// the parser does not recurse either, so deep nesting cannot overflow the call stack.
class FormBuilder {
 public:
  FormBuilder(std::string_view text, std::string source, std::size_t first_line)
      : text_(text), source_(std::move(source)), first_line_(first_line), reached_(text.data()) {}

  [[nodiscard]] const char** reached() { return &reached_; }
  [[nodiscard]] Form take() { return std::move(root_); }

  // The library takes a zero byte for the end of the text and would ignore the rest.
  void refuse_zero_bytes() {
    const std::size_t at = text_.find('\0');
    if (at == std::string_view::npos) return;
    reached_ = text_.data() + at;
    fail("it contains a zero byte");
  }

  bool null() { return put(Form()); }
  bool boolean(bool value) { return put(Form(value)); }
  bool number_integer(std::int64_t value) { return put(Form(value)); }
  bool number_unsigned(std::uint64_t value) {
    if (value > INT64_MAX) fail(concat("the integer ", value, " does not fit 64 bits with sign"));
    return put(Form(value));
  }
  bool number_float(double value, const std::string& written) {
    if (written.find_first_of(".eE") == std::string::npos) {  // the library's fallback for an integer that is too large
      fail(concat("the integer ", written.substr(0, 40), " does not fit 64 bits with sign"));
    }
    return put(Form(value));
  }
  bool string(std::string& value) { return put(Form(std::move(value))); }
  bool binary(nlohmann::json::binary_t&) { return false; }  // does not occur in text

  bool start_object(std::size_t) { return open(false); }
  bool start_array(std::size_t) { return open(true); }
  bool key(std::string& name) {
    Container& top = stack_.back();
    if (!top.keys.insert(name).second) fail(concat("the key ", in_quotes(name), " is there twice in one object"));
    top.key = std::move(name);
    return true;
  }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) {
    // The library's messages are "[json.exception.parse_error.101] parse error at line 1, column 2: <what>" and
    // "[json.exception.out_of_range.406] <what>".
    std::string_view what = error.what();
    const auto drop_through = [&](std::string_view end) {
      const std::size_t at = what.find(end);
      if (at != std::string_view::npos) what.remove_prefix(at + end.size());
    };
    drop_through("] ");
    if (what.substr(0, 11) == "parse error") drop_through(": ");
    fail(shown(what, 200));
  }

 private:
  struct Container {
    bool is_list = false;
    Form::List list{};
    Form::Map map{};
    std::unordered_set<std::string> keys{};
    std::string key{};
  };

  [[noreturn]] void fail(std::string_view what) const {
    const std::size_t line = first_line_ + std::count(text_.data(), reached_, '\n');
    throw Error(concat(source_, ":", line, ": is not valid JSON: ", what));
  }
  bool open(bool is_list) {
    if (stack_.size() == max_json_depth) fail(concat("nested more than ", max_json_depth, " deep"));
    stack_.emplace_back();
    stack_.back().is_list = is_list;
    return true;
  }
  bool close() {
    Container done = std::move(stack_.back());
    stack_.pop_back();
    return put(done.is_list ? Form(std::move(done.list)) : Form(std::move(done.map)));
  }
  bool put(Form value) {
    if (stack_.empty()) {
      root_ = std::move(value);
    } else if (stack_.back().is_list) {
      stack_.back().list.push_back(std::move(value));
    } else {
      stack_.back().map.emplace_back(std::move(stack_.back().key), std::move(value));
    }
    return true;
  }

  std::string_view text_;
  std::string source_;
  std::size_t first_line_;
  const char* reached_;
  std::vector<Container> stack_;
  Form root_;
};

}  // namespace detail

LITESTAGE_INLINE Form parse_json(std::string_view text, const std::string& source, std::size_t first_line) {
  detail::FormBuilder builder(text, source, first_line);
  builder.refuse_zero_bytes();
  const detail::CountingIterator begin(text.data(), builder.reached());
  const detail::CountingIterator end(text.data() + text.size(), builder.reached());
  nlohmann::json::sax_parse(begin, end, &builder);  // errors are thrown by the builder
  return builder.take();
}

LITESTAGE_INLINE std::vector<Form> parse_json_lines(std::string_view text, const std::string& source) {
  std::vector<Form> values;
  for (std::size_t line = 1, begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view one = text.substr(begin, end - begin);
    if (one.find_first_not_of(" \t\r") != std::string_view::npos) {
      values.push_back(parse_json(one, source, line));
    }
    begin = end + 1;
  }
  return values;
}

LITESTAGE_INLINE Form read_json_file(const std::string& path) {
  return parse_json(read_file(path), path);
}

namespace detail {

class JsonWriter {
 public:
  explicit JsonWriter(int indent) : indent_(indent) {}

  void write(const Form& form, const std::string& where) {
    std::visit([&](const auto& value) { put(value, where); }, form.value());
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void put(std::monostate, const std::string&) { out_ += "null"; }
  void put(bool value, const std::string&) { out_ += value ? "true" : "false"; }
  void put(std::int64_t value, const std::string&) { out_ += std::to_string(value); }
  void put(double value, const std::string& where) {
    if (!std::isfinite(value)) {
      throw Error(concat("JSON value ", where, " is ", value, ", expected finite numbers (null says \"none\")"));
    }
    char digits[32];
    const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), value);
    const std::string_view text(digits, end.ptr - digits);
    out_ += text;
    if (text.find_first_of(".e") == std::string_view::npos) out_ += ".0";  // or it would be read as an integer
  }
  void put(const std::string& value, const std::string&) {
    out_ += nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  void put(const Form::List& list, const std::string& where) {
    container('[', ']', list.size(), [&](std::size_t i) { write(list[i], concat(where, "[", i, "]")); });
  }
  void put(const Form::Map& map, const std::string& where) {
    container('{', '}', map.size(), [&](std::size_t i) {
      put(map[i].first, where);
      out_ += indent_ < 0 ? ":" : ": ";
      write(map[i].second, concat(where, ".", map[i].first));
    });
  }

  template <class PutItem>
  void container(char open, char close, std::size_t n, PutItem put_item) {
    out_ += open;
    ++depth_;
    for (std::size_t i = 0; i < n; ++i) {
      if (i != 0) out_ += ',';
      new_line();
      put_item(i);
    }
    --depth_;
    if (n != 0) new_line();
    out_ += close;
  }
  void new_line() {
    if (indent_ < 0) return;
    out_ += '\n';
    out_.append(indent_ * depth_, ' ');
  }

  int indent_;
  int depth_ = 0;
  std::string out_;
};

}  // namespace detail

LITESTAGE_INLINE std::string to_json(const Form& form, int indent) {
  detail::JsonWriter writer(indent);
  writer.write(form, "$");
  return writer.take();
}

}  // namespace litestage::io
