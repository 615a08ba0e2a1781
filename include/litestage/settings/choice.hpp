// One of several policies, chosen at run time by name. The OneOf policies of skip, early_exit, confidence and stages
// are each a Choice with the hooks of their concept.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "litestage/core/error.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"

namespace litestage {

template <std::size_t n>
[[nodiscard]] constexpr bool all_differ(const std::array<std::string_view, n>& names) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (names[i] == names[j]) return false;
    }
  }
  return true;
}

// The default is the first alternative with its default settings. JSON: {"name": "...", its settings}, or only the
// name.
template <NamedSettings... Ps>
class Choice {
  static_assert(sizeof...(Ps) != 0, "a choice needs an alternative");
  static_assert(all_differ(std::array<std::string_view, sizeof...(Ps)>{Ps::name...}),
                "two alternatives have the same name");

 public:
  static constexpr std::array<std::string_view, sizeof...(Ps)> names = {Ps::name...};
  using Alternatives = std::variant<Ps...>;

  Choice() = default;
  template <class P>
  requires(std::same_as<P, Ps> || ...) Choice(P policy) : active_(std::move(policy)) {}

  [[nodiscard]] std::string_view active_name() const { return names[active_.index()]; }
  [[nodiscard]] const Alternatives& active() const { return active_; }

  // Calls f(active alternative). This is a chain of comparisons rather than std::visit, because compilers can inline
  // it, and decisions are requested twice per layer, sequence and step.
  template <class F>
  decltype(auto) visit(F&& f) const {
    return visit_from<0>(f);
  }
  // Calls f(active alternative, its element of `parts`), where `parts` was made by `make_part`.
  template <class Parts, class F>
  decltype(auto) visit(Parts& parts, F&& f) const {
    return visit_both<0>(parts, f);
  }
  // Makes the variant Parts, which holds f(active alternative) at the index of the active alternative.
  template <class Parts, class F>
  [[nodiscard]] Parts make_part(F&& f) const {
    return make_from<Parts, 0>(f);
  }

  static Choice from_form(const Form& form, const Where& where) {
    if (!form.is_string() && !form.is_map()) reject<Choice>(form, where, {});
    const Form* name = form.is_string() ? &form : form.find("name");
    if (name == nullptr) throw Error(concat(where.str(), ": key \"name\" is missing, expected ", expected()));
    std::optional<Choice> found;
    const auto try_one = [&]<class P>(std::type_identity<P>) {
      if (!found && *name == Form(P::name)) found = Choice(read_fields<P>(form, where));
    };
    (try_one(std::type_identity<Ps>{}), ...);
    if (!found) reject<Choice>(*name, where, {});
    return *std::move(found);
  }
  [[nodiscard]] Form to_form(bool all) const {
    return visit([&](const auto& policy) { return write_fields(policy, all); });
  }
  [[nodiscard]] static std::string expected() { return concat("one of ", joined(names)); }

  friend bool operator==(const Choice&, const Choice&) = default;

 private:
  template <std::size_t i, class F>
  decltype(auto) visit_from(F& f) const {
    if constexpr (i + 1 < sizeof...(Ps)) {
      if (active_.index() != i) return visit_from<i + 1>(f);
    }
    return f(*std::get_if<i>(&active_));
  }
  template <std::size_t i, class Parts, class F>
  decltype(auto) visit_both(Parts& parts, F& f) const {
    if constexpr (i + 1 < sizeof...(Ps)) {
      if (active_.index() != i) return visit_both<i + 1>(parts, f);
    }
    return f(*std::get_if<i>(&active_), std::get<i>(parts));  // std::get throws if the policies differ
  }
  template <class Parts, std::size_t i, class F>
  Parts make_from(F& f) const {
    if constexpr (i + 1 < sizeof...(Ps)) {
      if (active_.index() != i) return make_from<Parts, i + 1>(f);
    }
    return Parts(std::in_place_index<i>, f(*std::get_if<i>(&active_)));
  }

  std::variant<Ps...> active_;
};

}  // namespace litestage
