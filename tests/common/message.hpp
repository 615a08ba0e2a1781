// The message of the Error that a call must throw.
#pragma once

#include <string>

#include "litestage/core/error.hpp"

namespace litestage::test {

template <class F>
[[nodiscard]] std::string message(F&& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace litestage::test
