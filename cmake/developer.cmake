# Settings for building this project as the top level; a project that includes litestage makes these choices itself.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, RelWithDebInfo or Debug" FORCE)
endif()

# -std=c++20, not gnu++20: the latter lets GCC contract a * b + c, which changes bits where the machine has fma.
set(CMAKE_CXX_EXTENSIONS OFF)

find_program(LITESTAGE_CCACHE ccache)
if(LITESTAGE_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LITESTAGE_CCACHE})
endif()

# Warnings are errors only with compilers for which the code is free of warnings. New warnings of newer compilers must
# not stop a user who only wants to run the tests.
string(REGEX MATCH "^[0-9]+" compiler_major "${CMAKE_CXX_COMPILER_VERSION}")
set(litestage_warning_exceptions "")
if("${CMAKE_CXX_COMPILER_ID} ${compiler_major}" MATCHES "^(GNU 12|Clang 14)$")
  list(APPEND litestage_warning_exceptions -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms: gcc.gnu.org/PR105651 (string concatenation) and, with sanitizers, about initialisation.
  list(APPEND litestage_warning_exceptions -Wno-restrict)
  if(LITESTAGE_SANITIZE)
    list(APPEND litestage_warning_exceptions -Wno-maybe-uninitialized)
  endif()
endif()
