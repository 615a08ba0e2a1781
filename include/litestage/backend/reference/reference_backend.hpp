// The complete `reference` backend: the class and its operations.
#pragma once

#include "litestage/backend/reference/declaration.hpp"
#include "litestage/core/compiled.hpp"

#if LITESTAGE_HEADER_ONLY
#include "litestage/backend/reference/definitions/operations.hpp"
#endif
