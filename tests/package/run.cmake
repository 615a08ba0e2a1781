# Installs a build of litestage, then builds and runs the consumer of this folder in every way that a user may: with the
# package (with and without io, with litestage::compiled, and without the libraries of io), and with the sources.
#
#   cmake -DLITESTAGE_BUILD=build/release -P tests/package/run.cmake
cmake_minimum_required(VERSION 3.24)
cmake_path(ABSOLUTE_PATH LITESTAGE_BUILD)
cmake_path(SET source NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../..)
load_cache(${LITESTAGE_BUILD} READ_WITH_PREFIX "" CMAKE_CXX_COMPILER CMAKE_GENERATOR LITESTAGE_BUILD_COMPILED)
set(scratch ${LITESTAGE_BUILD}/package)
file(REMOVE_RECURSE ${scratch})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\n${output}\nfailed with ${code}")
  endif()
endfunction()

set(configure ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -G ${CMAKE_GENERATOR} -DCMAKE_BUILD_TYPE=Release
              -DCMAKE_PREFIX_PATH=${scratch}/prefix)
set(without_io_libraries ${CMAKE_COMMAND} -E env PKG_CONFIG_LIBDIR=/nonexistent ${configure}
                         -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON)

function(consume name compiler)
  run(${configure} -B ${scratch}/${name} -DCMAKE_CXX_COMPILER=${compiler} ${ARGN})
  run(${CMAKE_COMMAND} --build ${scratch}/${name})
  set(programs consumer only_plain only_native)
  if("${ARGN}" MATCHES "WITH_COMPILED=ON")
    list(APPEND programs only_compiled)
  endif()
  foreach(program ${programs})
    execute_process(COMMAND ${scratch}/${name}/${program} RESULT_VARIABLE code OUTPUT_VARIABLE output)
    message(STATUS "${name}, ${program}\n${output}")
    if(NOT code EQUAL 0)
      message(FATAL_ERROR "${name}: ${program} failed with ${code}")
    endif()
    get_property(bits GLOBAL PROPERTY consumer_bits)
    if(bits AND NOT bits STREQUAL output)
      message(FATAL_ERROR "${name}: ${program} computed different bits than the first program")
    endif()
    set_property(GLOBAL PROPERTY consumer_bits "${output}")
  endforeach()
  message(STATUS "${name}: passed")
endfunction()

# Two different compilers, if both are installed.
find_program(gcc NAMES g++)
if(NOT gcc)
  set(gcc ${CMAKE_CXX_COMPILER})
endif()
find_program(clang NAMES clang++)
if(NOT clang)
  set(clang ${CMAKE_CXX_COMPILER})
endif()

run(${CMAKE_COMMAND} --install ${LITESTAGE_BUILD} --prefix ${scratch}/prefix)
file(GLOB_RECURSE with_io ${scratch}/prefix/litestage_io.cmake)
if(with_io)
  set(with_io ON)
else()
  set(with_io OFF)
endif()
consume(installed ${gcc} -DWITH_IO=${with_io} -DWITH_COMPILED=${LITESTAGE_BUILD_COMPILED})

consume(fetched ${clang} -DWITH_IO=${with_io} -DLITESTAGE_SOURCE=${source})

# Without the libraries of io the core is still found, and the error for io names the missing libraries.
run(${without_io_libraries} -B ${scratch}/core_only)
execute_process(COMMAND ${without_io_libraries} -B ${scratch}/io_refused -DWITH_IO=ON RESULT_VARIABLE code
                OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX REPLACE "[ \n]+" " " output "${output}")
if(code EQUAL 0 OR NOT output MATCHES "needs nlohmann/json, PCRE2 [^,]*, xxHash|installed without its io component")
  message(FATAL_ERROR "found this output, expected that io is refused because its libraries are missing:\n${output}")
endif()
message(STATUS "without the libraries of io: passed")
