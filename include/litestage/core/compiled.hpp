// The two ways to compile litestage: headers only, or with the library litestage::compiled.
//
// Header-only use is the default. Every header that declares functions includes their definitions in its last lines,
// from the folder definitions/ beside it, and each translation unit compiles what it uses.
//
// A program that links litestage::compiled is compiled with LITESTAGE_COMPILED, which the target defines for its users.
// Headers then only declare these functions, including the host backends, and the headers of the folder compiled/ list
// the template instances that the library contains: those over a backend, for the backends of the host. What depends on
// a program's own policies (engine/policy_calls.hpp) is still compiled in the program. A program that runs policies
// chosen at run time (skip::Standard) includes compiled/standard_policies.hpp too, and does not compile these. All
// translation units of one program must be compiled in the same way.
#pragma once

#if defined(LITESTAGE_COMPILED)
#define LITESTAGE_HEADER_ONLY 0
#define LITESTAGE_INLINE
#else
#define LITESTAGE_HEADER_ONLY 1
#define LITESTAGE_INLINE inline
#endif
