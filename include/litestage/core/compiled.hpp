// How litestage is compiled: headers only, or with the library litestage::compiled.
//
// Headers only is the default. Every header that declares functions includes their definitions in its last lines, from
// the folder definitions/ beside it, and each translation unit compiles what it uses.
//
// A program that links litestage::compiled is compiled with LITESTAGE_COMPILED, which the target defines for its users.
// Headers then only declare these functions, the backends of the host among them, and the headers of the folder
// compiled/ say which instances of templates the library has. Templates for policies of a program's own are compiled
// in the program, as ever. All units of one program are compiled in the same way.
#pragma once

#if defined(LITESTAGE_COMPILED)
#define LITESTAGE_HEADER_ONLY 0
#define LITESTAGE_INLINE
#else
#define LITESTAGE_HEADER_ONLY 1
#define LITESTAGE_INLINE inline
#endif
