// SPEC strings, read as every family of policies reads them: nothing but litestage::Error may come out, and what is
// accepted must read back equal from the SPEC and the Form that are written of it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/target.hpp"
#include "litestage/early_exit/any.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

namespace {

using namespace litestage;

template <class Policy>
void read_and_write(std::string_view spec) {
  Policy policy{};
  try {
    policy = read_spec<Policy>(spec, "--option");
  } catch (const Error&) {
    return;
  }
  // Outside the try: an accepted SPEC can be written.
  need(read_spec<Policy>(to_spec(policy), "written") == policy);
  need(read_value<Policy>(write_value(policy, true), "written") == policy);
}

}  // namespace

void fuzz_spec(const std::uint8_t* data, std::size_t size) {
  const std::string_view spec(reinterpret_cast<const char*>(data), size);
  read_and_write<skip::Standard>(spec);
  read_and_write<early_exit::Standard>(spec);
  read_and_write<early_exit::Any<early_exit::Standard, early_exit::Standard>>(spec);
  read_and_write<confidence::Standard>(spec);
  read_and_write<stages::Standard>(spec);
}
