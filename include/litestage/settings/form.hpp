// A tree of plain values with the data model of JSON, without a JSON library. Policies, tasks, results and plans read
// and write Forms; only io converts them to text.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"

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
  Form(const Form&);
  Form(Form&&) noexcept;
  Form& operator=(const Form&);
  Form& operator=(Form&&) noexcept;
  ~Form();

  [[nodiscard]] const Value& value() const { return value_; }
  template <class T>
  [[nodiscard]] bool is() const {
    return std::holds_alternative<T>(value_);
  }
  [[nodiscard]] bool is_null() const { return is<std::monostate>(); }
  [[nodiscard]] bool is_map() const { return is<Map>(); }
  [[nodiscard]] bool is_list() const { return is<List>(); }
  [[nodiscard]] bool is_string() const { return is<std::string>(); }
  [[nodiscard]] std::string_view kind() const;

  // The value as T. Throws Error that says where (`what` names file and key), what was found and what is expected.
  [[nodiscard]] const std::string& string(std::string_view what) const;
  [[nodiscard]] bool boolean(std::string_view what) const;
  [[nodiscard]] std::int64_t integer(std::string_view what) const;
  [[nodiscard]] double number(std::string_view what) const;
  [[nodiscard]] const List& list(std::string_view what) const;
  [[nodiscard]] const Map& map(std::string_view what) const;

  // The member with this key; null if it is missing or this is not an object.
  [[nodiscard]] const Form* find(std::string_view key) const;
  // The member with this key; throws Error if it is missing.
  [[nodiscard]] const Form& at(std::string_view key, std::string_view what) const;
  // Appends a member (a null value becomes an empty object first) and returns *this for chaining.
  Form& add(std::string key, Form value);

  friend bool operator==(const Form& a, const Form& b);

 private:
  template <class T>
  [[nodiscard]] const T& get(std::string_view what, std::string_view expected) const;

  Value value_;
};

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/settings/definitions/form.hpp"
#endif
