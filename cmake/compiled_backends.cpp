// The operations of the backends on the host, once for all tests or all programs of this project
// (backend/compiled.hpp).
#define LITESTAGE_COMPILING_BACKENDS
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
