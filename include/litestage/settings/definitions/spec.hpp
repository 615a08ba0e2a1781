// Reads and writes SPEC strings.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/spec.hpp"

namespace litestage {

LITESTAGE_INLINE void SpecParser::fail(const std::string& found) const {
  throw Error(concat(where_.str(), ": ", found, ", expected ", spec_syntax));
}

LITESTAGE_INLINE bool SpecParser::separator() {
  if (rest_.empty()) return false;
  if (rest_[0] != ',') fail(concat("found ", found_text(Form(rest_)), " after a value"));
  rest_.remove_prefix(1);
  if (rest_.empty()) fail("found a trailing comma");
  return true;
}

LITESTAGE_INLINE void SpecParser::item() {
  const std::size_t equals = rest_.find_first_of("=,");
  if (equals == std::string_view::npos || rest_[equals] != '=') {
    fail(concat("found ", found_text(Form(rest_.substr(0, equals))), " without a value"));
  }
  const std::string_view path = rest_.substr(0, equals);
  Node& node = node_at(path);
  if (node.value) {
    fail(concat("key ", found_text(Form(path)), " is given twice, each key at most once"));
  }
  rest_.remove_prefix(equals + 1);
  node.value = value();
}

LITESTAGE_INLINE SpecParser::Node& SpecParser::node_at(std::string_view path) {
  Node* node = &root_;
  for (std::size_t depth = 1;; ++depth) {
    const std::size_t dot = path.find('.');
    const std::string_view key = path.substr(0, dot);
    if (key.empty()) fail("found an empty key");
    if (depth > max_depth) fail(concat("found settings nested more than ", max_depth, " deep"));
    auto child =
        std::find_if(node->children.begin(), node->children.end(), [&](const Node& n) { return n.key == key; });
    if (child == node->children.end()) {
      child = node->children.insert(child, Node{.key = std::string(key), .value = std::nullopt, .children = {}});
    }
    node = &*child;
    if (dot == std::string_view::npos) return *node;
    path.remove_prefix(dot + 1);
  }
}

LITESTAGE_INLINE Form SpecParser::value() {
  if (rest_.empty() || rest_[0] == ',') return Form(Form::List{});
  Form::List list{scalar()};
  while (!rest_.empty() && rest_[0] == '/') {
    rest_.remove_prefix(1);
    list.push_back(scalar());
  }
  return list.size() == 1 ? list[0] : Form(std::move(list));
}

LITESTAGE_INLINE Form SpecParser::scalar() {
  if (!rest_.empty() && rest_[0] == '"') return quoted();
  const std::string_view text = rest_.substr(0, rest_.find_first_of(",/=\""));
  if (text.empty()) fail("found an empty value in a list");
  rest_.remove_prefix(text.size());
  return plain(text);
}

LITESTAGE_INLINE Form SpecParser::quoted() {
  std::string text;
  for (std::size_t i = 1; i < rest_.size(); ++i) {
    if (rest_[i] == '"') {
      rest_.remove_prefix(i + 1);
      return Form(std::move(text));
    }
    if (rest_[i] == '\\' && i + 1 < rest_.size()) {
      const std::size_t escape = escapes.find(rest_[++i]);
      if (escape == std::string_view::npos) fail(concat("found the escape \\", rest_[i]));
      text += escaped[escape];
    } else {
      text += rest_[i];
    }
  }
  fail("found a quotation mark that is never closed");
}

LITESTAGE_INLINE Form SpecParser::to_form(const Node& node, const Where& where) {
  if (node.children.empty()) return *node.value;
  Form form{Form::Map{}};
  if (node.value) form.add("name", *node.value);
  for (const Node& child : node.children) {
    if (form.find(child.key) != nullptr) {
      throw Error(concat(where.str(), ": key ", in_quotes(child.key), " is given twice, each key at most once"));
    }
    form.add(child.key, to_form(child, where));
  }
  return form;
}

LITESTAGE_INLINE Form SpecParser::plain(std::string_view text) {
  if (text == "true" || text == "false") return Form(text == "true");
  const char* const end = text.data() + text.size();
  std::int64_t integer = 0;
  const auto as_integer = std::from_chars(text.data(), end, integer);
  if (as_integer.ec == std::errc{} && as_integer.ptr == end) return Form(integer);
  double number = 0;
  const auto as_number = std::from_chars(text.data(), end, number);
  if (as_number.ec == std::errc{} && as_number.ptr == end) return Form(number);
  return Form(text);
}

LITESTAGE_INLINE Form parse_spec(std::string_view spec, const Where& where, const ReadForm& read_file) {
  if (spec.substr(0, 1) != "@") return SpecParser(spec, where).parse();
  if (!read_file) throw Error(concat(where.str(), ": found ", found_text(Form(spec)), ", files are not read here"));
  return read_file(std::string(spec.substr(1)));
}

LITESTAGE_INLINE std::string spec_scalar(const Form& form) {
  if (const auto* text = std::get_if<std::string>(&form.value())) {
    const auto unremarkable = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
             c == '.';
    };
    if (!text->empty() && std::all_of(text->begin(), text->end(), unremarkable) &&
        SpecParser::plain(*text).is_string()) {
      return *text;
    }
    std::string result = "\"";
    for (const char c : *text) {
      const std::size_t escape = SpecParser::escaped.find(c);
      if (escape == std::string_view::npos)
        result += c;
      else
        (result += '\\') += SpecParser::escapes[escape];
    }
    return result += '"';
  }
  if (form.is_null()) return "none";
  if (form.is_list() || form.is_map()) {
    throw Error(concat("settings with ", form.kind(), " in a list have no SPEC, expected a JSON file"));
  }
  return found_text(form);
}

LITESTAGE_INLINE void append_spec(std::string& spec, const std::string& key, const Form& form) {
  if (key.empty() || key.find_first_of(",=") != std::string::npos) {
    throw Error(concat("key ", found_text(Form(key)), " has no SPEC, expected a JSON file"));
  }
  const auto append = [&](const std::string& value) {
    spec += concat(spec.find(':') == std::string::npos ? ':' : ',', key, '=', value);
  };
  if (form.is_list() && form.list("").size() == 1 && form.list("")[0].is_map()) {
    append_spec(spec, key, form.list("")[0]);  // a single value is read as a list
  } else if (form.is_list()) {
    std::vector<std::string> values;
    for (const Form& element : form.list("")) values.push_back(spec_scalar(element));
    append(joined(values, "/"));
  } else if (form.is_map()) {
    for (const auto& [inner, value] : form.map("")) {
      if (inner == "name")
        append(spec_scalar(value));
      else
        append_spec(spec, concat(key, '.', inner), value);
    }
  } else {
    append(spec_scalar(form));
  }
}

}  // namespace litestage
