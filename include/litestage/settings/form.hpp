// A tree of plain values: what JSON can say, without a JSON library. Policies, tasks, results and plans read and write
// this; only io turns it into text.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/outside_text.hpp"

namespace litestage {

class Form {
 public:
  using List = std::vector<Form>;
  using Member = std::pair<std::string, Form>;
  using Map = std::vector<Member>;  // in the order written; keys are unique
  using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map>;

  Form() = default;
  Form(bool value) : value_(value) {}
  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) Form(T value)
      : value_(static_cast<std::int64_t>(value)) {}
  template <class T>
  requires std::is_floating_point_v<T> Form(T value) : value_(static_cast<double>(value)) {}
  Form(const char* value) : value_(std::string(value)) {}
  Form(std::string_view value) : value_(std::string(value)) {}
  Form(std::string value) : value_(std::move(value)) {}
  Form(List value) : value_(std::move(value)) {}
  Form(Map value) : value_(std::move(value)) {}

  [[nodiscard]] const Value& value() const { return value_; }
  template <class T>
  [[nodiscard]] bool is() const {
    return std::holds_alternative<T>(value_);
  }
  [[nodiscard]] bool is_null() const { return is<std::monostate>(); }
  [[nodiscard]] bool is_map() const { return is<Map>(); }
  [[nodiscard]] bool is_list() const { return is<List>(); }
  [[nodiscard]] bool is_string() const { return is<std::string>(); }
  [[nodiscard]] std::string_view kind() const {
    constexpr std::string_view names[] = {"null",     "true or false", "an integer", "a number",
                                          "a string", "a list",        "an object"};
    return names[value_.index()];
  }

  // The value as T, or an Error that says where (`what` names file and key), what was found and what is expected.
  [[nodiscard]] const std::string& string(std::string_view what) const { return get<std::string>(what, "a string"); }
  [[nodiscard]] bool boolean(std::string_view what) const { return get<bool>(what, "true or false"); }
  [[nodiscard]] std::int64_t integer(std::string_view what) const { return get<std::int64_t>(what, "an integer"); }
  [[nodiscard]] double number(std::string_view what) const {
    if (const auto* i = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*i);
    return get<double>(what, "a number");
  }
  [[nodiscard]] const List& list(std::string_view what) const { return get<List>(what, "a list"); }
  [[nodiscard]] const Map& map(std::string_view what) const { return get<Map>(what, "an object"); }

  // The member with this key; null where there is none, or where this is not an object.
  [[nodiscard]] const Form* find(std::string_view key) const {
    if (const auto* members = std::get_if<Map>(&value_)) {
      for (const Member& m : *members) {
        if (m.first == key) return &m.second;
      }
    }
    return nullptr;
  }
  // The member with this key; an Error where it is missing.
  [[nodiscard]] const Form& at(std::string_view key, std::string_view what) const {
    static_cast<void>(map(what));
    if (const Form* found = find(key)) return *found;
    throw Error(concat(what, ": key ", in_quotes(key), " is missing"));
  }
  // Appends a member (turns null into an empty object first) and returns *this, for chaining.
  Form& add(std::string key, Form value) {
    if (is_null()) value_ = Map{};
    LITESTAGE_ASSERT(is_map() && find(key) == nullptr, key);
    std::get<Map>(value_).emplace_back(std::move(key), std::move(value));
    return *this;
  }

  friend bool operator==(const Form&, const Form&) = default;

 private:
  template <class T>
  [[nodiscard]] const T& get(std::string_view what, std::string_view expected) const {
    if (const T* found = std::get_if<T>(&value_)) return *found;
    throw Error(concat(what, " is ", kind(), ", expected ", expected));
  }

  Value value_;
};

}  // namespace litestage
