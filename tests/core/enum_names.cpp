#include "litestage/core/enum_names.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <stdexcept>

using namespace litestage;

namespace {

enum class Tide : std::uint8_t { ebb, flood };
enum class Wind { calm, breeze, gale };

}  // namespace

template <>
struct litestage::EnumNames<Tide> {
  static constexpr std::array<std::string_view, 2> names = {"ebb", "flood"};
};

TEST_CASE("enumerators have names, and names enumerators") {
  static_assert(name(Tide::flood) == "flood");
  static_assert(enumerator_named<Tide>("ebb") == Tide::ebb);
  static_assert(!enumerator_named<Tide>("slack"));
  CHECK(enum_names<Tide>.size() == 2);
  CHECK_THROWS_AS(static_cast<void>(name(static_cast<Tide>(2))), std::out_of_range);
  static_assert(!HasEnumNames<Wind>);
}

TEST_CASE(
    "a compiler tells enumerators from other values of an enum, so that a missing or spare name does not compile") {
  static_assert(is_enumerator<Tide::ebb>() && is_enumerator<Wind::gale>());
  static_assert(!is_enumerator<static_cast<Tide>(2)>() && !is_enumerator<static_cast<Wind>(3)>());
  static_assert(!is_enumerator<static_cast<Wind>(-1)>());
  static_assert(are_all_enumerators<Wind>(std::make_index_sequence<3>()));
  static_assert(!are_all_enumerators<Wind>(std::make_index_sequence<2>()));
  static_assert(!are_all_enumerators<Wind>(std::make_index_sequence<4>()));
}
