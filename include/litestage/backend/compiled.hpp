// The operations of the backends on the host are compiled in every translation unit that uses them, as everything here.
// They take most of the time that a unit takes, so a program of many may have them compiled once:
// LITESTAGE_COMPILED_BACKENDS is then defined for all of its units, and LITESTAGE_COMPILING_BACKENDS as well for one,
// which includes backend/cpu/cpu_backend.hpp and backend/reference/reference_backend.hpp.
#pragma once

#if defined(LITESTAGE_COMPILED_BACKENDS)
#define LITESTAGE_BACKEND_INLINE
#else
#define LITESTAGE_BACKEND_INLINE inline
#endif

// Whether this unit compiles them.
#if !defined(LITESTAGE_COMPILED_BACKENDS) || defined(LITESTAGE_COMPILING_BACKENDS)
#define LITESTAGE_BACKEND_OPERATIONS 1
#else
#define LITESTAGE_BACKEND_OPERATIONS 0
#endif
