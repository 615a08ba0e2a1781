// The backend that the tests of this folder share.
#include "gpu/emulated_backend.hpp"

template class litestage::GpuBackend<litestage::test::TestRuntime>;
