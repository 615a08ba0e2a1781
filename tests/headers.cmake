# The test `headers`: every header compiles on its own. The headers of the standard library and of other projects take most
# of that time, so a precompiled header has them; tests/architecture.py checks that each of our headers includes what it
# uses of the standard library. Headers with definitions are compiled with them, others without those of the headers that
# they include.
set(litestage_header_units "")
foreach(header ${litestage_headers} ${litestage_io_headers})
  if(header MATCHES "/definitions/" OR (header MATCHES "/litestage/io/" AND NOT LITESTAGE_HAS_IO))
    continue()
  endif()
  string(REGEX REPLACE "/([^/]*)$" "/definitions/\\1" definitions ${header})
  set(mode "")
  if(NOT EXISTS ${definitions})
    set(mode "#define LITESTAGE_COMPILED\n")
  endif()
  string(REGEX REPLACE "^${PROJECT_SOURCE_DIR}/(include|kernels)/" "" header ${header})
  string(REPLACE "/" "_" unit ${header})
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/headers/${unit}.cpp CONTENT "@mode@#include \"@header@\"\n" @ONLY)
  list(APPEND litestage_header_units ${CMAKE_CURRENT_BINARY_DIR}/headers/${unit}.cpp)
endforeach()
add_library(litestage_header_units OBJECT EXCLUDE_FROM_ALL ${litestage_header_units})
target_link_libraries(litestage_header_units PRIVATE litestage)
target_compile_options(litestage_header_units PRIVATE -g0)
target_precompile_headers(litestage_header_units PRIVATE
  <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <condition_variable> <deque> <exception> <filesystem>
  <functional> <future> <iostream> <limits> <map> <memory> <mutex> <numeric> <optional> <random> <set> <span> <sstream>
  <stdexcept> <string> <string_view> <system_error> <thread> <tuple> <unordered_map> <unordered_set> <utility> <variant>
  <vector> <Eigen/QR>)
if(LITESTAGE_HAS_IO)
  target_link_libraries(litestage_header_units PRIVATE litestage_io)
  target_precompile_headers(litestage_header_units PRIVATE <nlohmann/json.hpp>)
endif()
litestage_repository_test(headers ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target litestage_header_units)
set_tests_properties(headers PROPERTIES LABELS "repository;slow" COST 1000)
