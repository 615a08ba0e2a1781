// Records: complete structs, whose keys must be there but for those that their fields excuse.
#include "litestage/settings/read_fields.hpp"
#include "litestage/settings/field.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/settings/fields_form.hpp"

using namespace litestage;

namespace {

struct Place {
  static constexpr bool complete = true;
  std::string town;
  int floor = 0;
  static constexpr auto fields() {
    return Fields(Field("town", &Place::town, "its name"),
                  Field("floor", &Place::floor, "of the room", 0, 99).with(Presence::missing_in_older));
  }
  friend bool operator==(const Place&, const Place&) = default;
};

struct Size {
  static constexpr bool complete = true;
  int seats = 0;
  static constexpr auto fields() { return Fields(Field("seats", &Size::seats, "in the room", 0)); }
  friend bool operator==(const Size&, const Size&) = default;
};

// Tens are written as Roman numbers.
struct RomanForm {
  static Form write(int tens) { return Form(std::string(static_cast<std::size_t>(tens), 'X')); }
  static int read(const Form& form, const Where& where) { return static_cast<int>(form.string(where.str()).size()); }
};

struct Meeting : Size {
  static constexpr bool complete = true;
  std::string title;
  Place place;
  std::vector<int> hours;
  std::vector<std::string> notes;
  std::optional<Size> overflow;
  int tens = 0;
  int guests = 0;
  static constexpr auto fields() {
    using M = Meeting;
    return Fields(Field("title", &M::title, "of it"), field_of(&M::seats), InlineField(&M::place),
                  Field("hours", &M::hours, "of the day", 0, 23),
                  Field("notes", &M::notes, "taken").with(Presence::unless_default),
                  Field("overflow", &M::overflow, "room").with(Presence::unless_default),
                  coded_field<RomanForm>("tens", &M::tens, "of guests"),
                  Field("guests", &M::guests, "who came").with(Presence::missing_in_older),
                  ComputedField("empty", [](const M& m) { return m.seats - m.guests; }));
  }
  void fill_older(const Form& form) {
    if (form.find("guests") == nullptr) guests = seats;
  }
  friend bool operator==(const Meeting&, const Meeting&) = default;
};

Meeting meeting() {
  Meeting m;
  m.seats = 12;
  m.title = "plan";
  m.place = {"Delft", 3};
  m.hours = {9, 10};
  m.tens = 2;
  m.guests = 5;
  return m;
}

std::string keys(const Form& form) {
  std::string names;
  for (const Form::Member& m : form.map("form")) names += m.first + " ";
  return names;
}

Form without_key(const Form& form, std::string_view key) {
  Form::Map map = form.map("map");
  std::erase_if(map, [&](const Form::Member& m) { return m.first == key; });
  return map;
}

std::string record_error(const Form& form) {
  return test::error_of([&] { static_cast<void>(read_fields<Meeting>(form, "m.json")); });
}

}  // namespace

TEST_CASE("a record is written in the order of its fields, without what has its default value if the field says so") {
  Meeting m = meeting();
  CHECK(keys(write_fields(m)) == "title seats town floor hours tens guests empty ");
  CHECK(write_fields(m).at("tens", "") == Form("XX"));
  CHECK(write_fields(m).at("empty", "") == Form(7));
  CHECK(read_fields<Meeting>(write_fields(m), "m.json") == m);
  m.notes = {"late"};
  m.overflow = Size{4};
  CHECK(keys(write_fields(m)) == "title seats town floor hours notes overflow tens guests empty ");
  CHECK(read_fields<Meeting>(write_fields(m), "m.json") == m);
}

TEST_CASE("every key of a record is needed but for those of later versions and of default values; more are ignored") {
  const Form good = write_fields(meeting());
  for (const char* key : {"title", "seats", "hours", "tens"})
    CHECK(record_error(without_key(good, key)) == concat("m.json: key \"", key,
                                                         "\" is missing, expected title, seats, town, floor, hours, "
                                                         "notes, overflow, tens, guests"));
  CHECK(record_error(without_key(good, "town")) == "m.json: key \"town\" is missing, expected town, floor");
  CHECK(read_fields<Meeting>(without_key(good, "floor"), "m.json").place.floor == 0);
  CHECK(read_fields<Meeting>(without_key(good, "guests"), "m.json").guests == 12);
  Form more = good;
  more.add("weather", "fine");
  CHECK(read_fields<Meeting>(more, "m.json") == meeting());
}

TEST_CASE("what is wrong in a record is named by its path, and a list is a list") {
  const auto changed = [](std::string_view key, const Form& value) {
    Form::Map map = write_fields(meeting()).map("");
    for (Form::Member& m : map) {
      if (m.first == key) m.second = value;
    }
    return Form(map);
  };
  CHECK(record_error(changed("hours", Form::List{9, 24})) ==
        "m.json, hours[1]: found 24, expected an integer from 0 to 23");
  CHECK(record_error(changed("hours", 9)) ==
        "m.json, hours: found 9, expected a list, each element an integer from 0 to 23");
  CHECK(record_error(changed("floor", -1)) == "m.json, floor: found -1, expected an integer from 0 to 99");
  CHECK(record_error(changed("seats", -1)) == "m.json, seats: found -1, expected an integer of at least 0");
  Form f = write_fields(meeting());
  f.add("overflow", Form(Form::Map{{"seats", "few"}}));
  CHECK(record_error(f) == "m.json, overflow.seats: found \"few\", expected an integer of at least 0");
}

TEST_CASE("a file begins with its format") {
  const Form form = write_file("meetings/1", meeting());
  CHECK(keys(form).find("format title ") == 0);
  CHECK(read_file_of<Meeting>("meetings/1", form, "m.json") == meeting());
  const auto error = [](const Form& f) {
    return test::error_of([&] { static_cast<void>(read_file_of<Meeting>("meetings/2", f, "m.json")); });
  };
  CHECK(error(form) == "m.json, format: found \"meetings/1\", expected meetings/2");
  CHECK(error(write_fields(meeting())) == "m.json: key \"format\" is missing, expected meetings/2");
}
