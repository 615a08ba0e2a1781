// An object of a JSON file by others, of which every member must be known: what is not read is refused by name, so that
// nothing which changes results is passed over. A member that is null counts as missing.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

class JsonObject {
 public:
  // Refers to `form`, which outlives this. `prefix` is what errors put before its keys: "" or "model.".
  JsonObject(const Form& form, std::string source, std::string prefix = {});

  [[nodiscard]] const std::string& source() const { return source_; }
  // How errors name a member: "config.json: key hidden_size".
  [[nodiscard]] std::string name(std::string_view key) const;

  // Whether the member is there, be it null.
  [[nodiscard]] bool has(std::string_view key) const { return form_->find(key) != nullptr; }
  // The member, which counts as read from now on; a null pointer if it is missing.
  [[nodiscard]] const Form* find(std::string_view key);
  [[nodiscard]] const Form& get(std::string_view key);
  [[nodiscard]] JsonObject object(std::string_view key);

  [[nodiscard]] bool boolean(std::string_view key, bool otherwise);
  [[nodiscard]] std::optional<double> number(std::string_view key);
  [[nodiscard]] std::optional<std::string> string(std::string_view key);
  [[nodiscard]] std::optional<int> size(std::string_view key);  // from 1 on
  [[nodiscard]] int required_size(std::string_view key);

  // Accepts a member with this value only, or a missing one.
  void expect(std::string_view key, bool value);
  // Accepts these members whatever they are.
  void pass_over(std::span<const std::string_view> keys);
  // Throws an Error that names a member which was not read.
  void refuse_the_rest() const;

 private:
  const Form* form_;
  std::string source_, prefix_;
  std::set<std::string, std::less<>> read_{};
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/files/definitions/json_object.hpp"
#endif
