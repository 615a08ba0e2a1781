// The complete `cpu` backend: the class and its operations.
#pragma once

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/core/compiled.hpp"

#if LITESTAGE_HEADER_ONLY
#include "litestage/backend/cpu/definitions/attention_operations.hpp"
#include "litestage/backend/cpu/definitions/operations.hpp"
#endif
