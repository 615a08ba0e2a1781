// SPEC strings: settings on a command line, with the names and keys of their JSON form.
//
//   SPEC  = "@" path | name [":" item {"," item}]        the file holds the JSON form
//   item  = key {"." key} "=" value                      k.x=1 sets x of the nested settings k
//   value = [scalar {"/" scalar}]                        two or more make a list; nothing is the empty list
//   scalar = plain text without , / = "                  true, false and numbers keep their types
//          | '"' text '"'                                any text; escapes: \" \\ \n \r \t
//
// A nested choice is set by its key, and its settings by longer keys: criterion=top_log_probs,criterion.k=20.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"

namespace litestage {

// Reads the file of an "@path" SPEC; implemented in io.
using ReadForm = std::function<Form(const std::string& path)>;

inline constexpr std::string_view spec_syntax = "name or name:key=value,key=value or @file.json";

class SpecParser {
 public:
  SpecParser(std::string_view spec, const Where& where) : rest_(spec), where_(where) {}

  Form parse() {
    const std::size_t colon = rest_.find(':');
    const std::string_view name = rest_.substr(0, colon);
    if (name.empty()) fail("found no name");
    if (name.find_first_of(",=/\"") != std::string_view::npos) fail(concat("the name is ", found_text(Form(name))));
    root_.value = Form(name);
    if (colon != std::string_view::npos) {
      rest_.remove_prefix(colon + 1);
      if (rest_.empty()) fail("nothing follows the colon");
      do {
        item();
      } while (separator());
    }
    return to_form(root_, where_);
  }

 private:
  static constexpr std::size_t max_depth = 8;  // of nested settings; no valid SPEC is deeper

  struct Node {
    std::string key;
    std::optional<Form> value;
    std::vector<Node> children;
  };

  [[noreturn]] void fail(const std::string& found) const;

  bool separator();

  void item();

  Node& node_at(std::string_view path);

  Form value();

  Form scalar();

  Form quoted();

  // A node with both a value and children is a choice with its settings.
  static Form to_form(const Node& node, const Where& where);

 public:
  static constexpr std::string_view escapes = "\"\\nrt";
  static constexpr std::string_view escaped = "\"\\\n\r\t";

  // Interprets an unquoted scalar.
  [[nodiscard]] static Form plain(std::string_view text);

 private:
  std::string_view rest_;
  Where where_;
  Node root_;
};

// Converts a SPEC to its JSON form. `where` names the option that was given: "--skip".
[[nodiscard]] Form parse_spec(std::string_view spec, const Where& where, const ReadForm& read_file = {});

template <class T>
[[nodiscard]] T read_spec(std::string_view spec, const Where& where, const ReadForm& read_file = {}) {
  const bool file = spec.substr(0, 1) == "@";
  return read_value<T>(parse_spec(spec, where, read_file), file ? Where(spec.substr(1)) : where);
}

// ---- settings -> SPEC ----

[[nodiscard]] std::string spec_scalar(const Form& form);

void append_spec(std::string& spec, const std::string& key, const Form& form);

// Converts policies and other named settings to a SPEC: the name, and every setting that differs from its default.
template <class T>
[[nodiscard]] std::string to_spec(const T& settings) {
  const Form form = write_value(settings, /*all=*/false);
  std::string spec = form.at("name", "settings without a name").string("name");
  for (const auto& [key, value] : form.map("")) {
    if (key.find('.') != std::string::npos) {
      throw Error(concat("key ", found_text(Form(key)), " has no SPEC, expected a JSON file"));
    }
    if (key != "name") append_spec(spec, key, value);
  }
  return spec;
}

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/settings/definitions/spec.hpp"
#endif
