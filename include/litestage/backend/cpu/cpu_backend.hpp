// The `cpu` backend, complete: the class and its operations.
#pragma once

#include "litestage/backend/cpu/attention_operations.hpp"
#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/cpu/operations.hpp"
