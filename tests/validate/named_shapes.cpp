// Shapes by name: every one makes a configuration that can be loaded, and an unknown name is an error.
#include "litestage/validate/named_shapes.hpp"

#include <doctest/doctest.h>

#include "common/error_of.hpp"

using namespace litestage;
using namespace litestage::test;
using namespace litestage::validation;

TEST_CASE("named shapes: every name has a valid configuration") {
  CHECK(shape_names().size() == 5);
  for (const std::string& name : shape_names()) {
    CAPTURE(name);
    CHECK(error_of([&] { named_config(name).validate(name); }) == "no error");
  }
  CHECK(named_config("llama-7b").ffn == 11008);
  CHECK(named_config("qwen2.5-0.5b").rope.pairing == RopePairing::halves);
}

TEST_CASE("named shapes: an unknown name is an error that lists the names") {
  CHECK(error_of([] { static_cast<void>(named_config("llama-8b")); }) ==
        "model shape \"llama-8b\" is unknown, expected one of smollm2-135m, qwen2.5-0.5b, tinyllama-1.1b, "
        "qwen2.5-1.5b, llama-7b");
}
