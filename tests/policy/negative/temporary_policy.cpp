// expect: deleted function
#include "litestage/early_exit/never.hpp"
#include "litestage/engine/policy_calls.hpp"
#include "litestage/skip/never.hpp"

int main() {
  static_cast<void>(litestage::calls_to(litestage::skip::Never{}, litestage::early_exit::Never{}));
}
