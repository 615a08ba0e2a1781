// The `gpu` backend, complete: the class and its operations.
#pragma once

#include "litestage/backend/gpu/attention_operations.hpp"
#include "litestage/backend/gpu/declaration.hpp"
#include "litestage/backend/gpu/operations.hpp"
