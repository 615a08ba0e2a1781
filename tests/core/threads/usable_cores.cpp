#include "litestage/core/threads/usable_cores.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstddef>

#include "common/one_core.hpp"

using namespace litestage;

TEST_CASE("usable cores: the smallest of all limits, rounded down, and at least one") {
  CHECK(UsableCores{8, 8}.count() == 8);
  CHECK(UsableCores{8, 3}.count() == 3);
  CHECK(UsableCores{8, 8, 2.99}.count() == 2);
  CHECK(UsableCores{8, 2, 3.5}.count() == 2);
  CHECK(UsableCores{8, 8, 2.0}.count() == 2);
  CHECK(UsableCores{8, 8, 0.5}.count() == 1);
  CHECK(UsableCores{8, 8, 1e-9}.count() == 1);
  CHECK(UsableCores{8, 8, 1e300}.count() == 8);
  CHECK(UsableCores{0, 0}.count() == 1);
}

TEST_CASE("usable cores: the limit in words, where it takes cores away") {
  CHECK(UsableCores{8, 8}.limit().empty());
  CHECK(UsableCores{8, 8, 8.5}.limit().empty());
  CHECK(UsableCores{1, 1, 0.5}.limit().empty());
  CHECK(UsableCores{2, 1}.limit() == "1 of 2 cores may be used");
  CHECK(UsableCores{8, 2, 3.5}.limit() == "2 of 8 cores may be used");
  CHECK(UsableCores{8, 8, 1.5}.limit() == "a quota of 1.5 cores");
  CHECK(UsableCores{8, 4, 1.0}.limit() == "a quota of 1 core");
}

TEST_CASE("usable cores: the mask grows until there is room for every core") {
  for (const std::size_t needed :
       {std::size_t{8}, std::size_t{128}, std::size_t{129}, std::size_t{1000}, std::size_t{1} << 16}) {
    CAPTURE(needed);
    CHECK(count_in_mask([&](std::size_t bytes, unsigned long* mask) {
            if (bytes < needed) return EINVAL;
            mask[0] = 5;
            mask[needed / sizeof(unsigned long) - 1] |= ~0ul;
            return 0;
          }) == (needed == 8 ? 64 : 66));
  }
  int asked = 0;
  const auto refuse = [&](int error) {
    return [&asked, error](std::size_t, unsigned long*) { return ++asked, error; };
  };
  CHECK(count_in_mask(refuse(EPERM)) == 0);
  CHECK(asked == 1);
  CHECK(count_in_mask(refuse(EINVAL)) == 0);  // for ever: an end all the same
  CHECK(asked < 100);
}

TEST_CASE("usable cores: of this process") {
  const UsableCores cores = usable_cores();
  CHECK(cores.allowed >= 1);
  CHECK(cores.machine >= cores.allowed);
  CHECK(cores.count() >= 1);
  CHECK(cores.count() <= cores.allowed);
}

TEST_CASE("usable cores: of a process that is held on one core") {
  if (!test::HeldOnOneCore::works) return;
  const int machine = usable_cores().machine;
  const test::HeldOnOneCore held;
  CHECK(usable_cores().allowed == 1);
  CHECK(usable_cores().count() == 1);
  if (machine > 1) CHECK(usable_cores().limit() == concat("1 of ", machine, " cores may be used"));
}
