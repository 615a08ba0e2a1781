# litestage::compiled: the host backends, the engine and calibration on them, the policies chosen at run time, and io (if
# its libraries are found), compiled once (include/litestage/core/compiled.hpp). Its users compile in a fraction of the
# time.
option(LITESTAGE_BUILD_COMPILED "Build the library litestage::compiled" ${PROJECT_IS_TOP_LEVEL})

# Adds a translation unit that includes the definitions of the given folders.
set(litestage_compiled_sources "")
set(litestage_compiled_folders "")
function(litestage_compiled_source name)
  set(includes "")
  foreach(folder ${ARGN})
    file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include
         ${PROJECT_SOURCE_DIR}/include/litestage/${folder}/definitions/*.hpp)
    foreach(header ${headers})
      string(APPEND includes "#include \"${header}\"\n")
    endforeach()
  endforeach()
  set(source ${PROJECT_BINARY_DIR}/compiled/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "@includes@" @ONLY)
  set(litestage_compiled_sources ${litestage_compiled_sources} ${source} PARENT_SCOPE)
  set(litestage_compiled_folders ${litestage_compiled_folders} ${ARGN} PARENT_SCOPE)
endfunction()

litestage_compiled_source(core core core/quantise core/text settings)
litestage_compiled_source(cpu backend/cpu backend/cpu/matmul)
litestage_compiled_source(reference backend/reference)
litestage_compiled_source(model model model/source engine)
litestage_compiled_source(text stages tasks tasks/reading)
litestage_compiled_source(latency calibrate/latency)
litestage_compiled_source(compare compare)
if(LITESTAGE_HAS_IO)
  litestage_compiled_source(io io io/files io/text io/gguf)
  litestage_compiled_source(jinja io/text/jinja io/text/jinja/syntax io/text/jinja/values io/text/jinja/functions)
  litestage_compiled_source(folders io/huggingface io/tokenizer_json io/adapters)
  list(APPEND litestage_compiled_sources ${PROJECT_SOURCE_DIR}/cmake/compiled/open_model.cpp)
endif()
list(APPEND litestage_compiled_folders calibrate)  # templates, whose instances cmake/compiled/calibration.cpp has
file(GLOB_RECURSE litestage_definitions RELATIVE ${PROJECT_SOURCE_DIR}/include/litestage
     ${PROJECT_SOURCE_DIR}/include/litestage/*/definitions/*.hpp)
foreach(header ${litestage_definitions})
  string(REGEX REPLACE "/definitions/[^/]*$" "" folder ${header})
  if(NOT folder IN_LIST litestage_compiled_folders AND (LITESTAGE_HAS_IO OR NOT folder MATCHES "^io"))
    message(FATAL_ERROR "include/litestage/${header}: the folder ${folder} is not in the list of cmake/compiled.cmake")
  endif()
endforeach()
list(APPEND litestage_compiled_sources ${PROJECT_SOURCE_DIR}/cmake/compiled/sessions.cpp
            ${PROJECT_SOURCE_DIR}/cmake/compiled/standard_policies.cpp ${PROJECT_SOURCE_DIR}/cmake/compiled/calibration.cpp)

# The target always exists, because this project's tests, benchmarks and programs link it.
set(litestage_compiled_in_all "")
if(NOT LITESTAGE_BUILD_COMPILED)
  set(litestage_compiled_in_all EXCLUDE_FROM_ALL)
endif()
add_library(litestage_compiled STATIC ${litestage_compiled_in_all} ${litestage_compiled_sources})
add_library(litestage::compiled ALIAS litestage_compiled)
set_target_properties(litestage_compiled PROPERTIES EXPORT_NAME compiled POSITION_INDEPENDENT_CODE ON
                                                    CXX_EXTENSIONS OFF)
target_compile_definitions(litestage_compiled PUBLIC LITESTAGE_COMPILED)
target_link_libraries(litestage_compiled PUBLIC litestage PRIVATE $<BUILD_INTERFACE:litestage_developer>)
if(LITESTAGE_HAS_IO)
  target_link_libraries(litestage_compiled PUBLIC litestage_io)
endif()
if(LITESTAGE_SANITIZE)
  # Sanitized code that is not optimised compiles twice as fast, but the forward step would then be too slow for tests.
  foreach(name core cpu reference model)
    set_source_files_properties(${PROJECT_BINARY_DIR}/compiled/${name}.cpp PROPERTIES COMPILE_OPTIONS -O1)
  endforeach()
  set_source_files_properties(cmake/compiled/sessions.cpp PROPERTIES COMPILE_OPTIONS -O1)
endif()
