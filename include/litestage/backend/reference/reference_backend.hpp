// The `reference` backend, complete: the class and its operations.
#pragma once

#include "litestage/backend/reference/declaration.hpp"
#include "litestage/backend/reference/operations.hpp"
