// The operations of the CPU backend, once for all tests or all programs of this project (backend/cpu.hpp).
#define LITESTAGE_COMPILING_CPU
#include "litestage/backend/cpu.hpp"
