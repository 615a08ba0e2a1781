# litestage::cuda: the compiled kernels. Optional; LITESTAGE_HAS_CUDA says whether the target exists. Programs that only
# call it need no CUDA compiler, and start on machines without a driver, where the first call throws.
set(litestage_cuda_default AUTO)
if(NOT PROJECT_IS_TOP_LEVEL)
  set(litestage_cuda_default OFF)  # a subproject does not enable a language unless asked
endif()
set(LITESTAGE_CUDA ${litestage_cuda_default} CACHE STRING
    "Compile the GPU kernels: AUTO (if there is a CUDA compiler), ON or OFF")
set_property(CACHE LITESTAGE_CUDA PROPERTY STRINGS AUTO ON OFF)
set(LITESTAGE_HAS_CUDA OFF)
if(NOT LITESTAGE_CUDA)
  return()
endif()

include(CheckLanguage)
check_language(CUDA)
find_package(CUDAToolkit QUIET GLOBAL)
if(NOT CMAKE_CUDA_COMPILER OR NOT CUDAToolkit_FOUND)
  if(NOT LITESTAGE_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR "LITESTAGE_CUDA is ${LITESTAGE_CUDA}, but no CUDA compiler with toolkit was found; one that is "
                        "not on PATH is named by CMAKE_CUDA_COMPILER")
  endif()
  message(STATUS "litestage: litestage::cuda is left out, missing: a CUDA compiler")
  return()
endif()

# Set before the language is enabled; otherwise CMake chooses a default. The PTX (90-virtual) is for newer devices.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES "80-real;90-real;90-virtual")
endif()
if(LITESTAGE_CCACHE AND NOT DEFINED CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${LITESTAGE_CCACHE})
endif()
enable_language(CUDA)
set(LITESTAGE_HAS_CUDA ON)

# Each part of the list in instances.cuh gets a source file, so that they are compiled in parallel.
set(litestage_cuda_sources "")
function(litestage_cuda_source name)
  list(JOIN ARGN "\n" kernels)
  set(source ${PROJECT_BINARY_DIR}/cuda/${name}.cu)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"litestage/kernels/instances.cuh\"
namespace litestage::kernels {
@kernels@
}
" @ONLY)
  set(litestage_cuda_sources ${litestage_cuda_sources} ${source} PARENT_SCOPE)
endfunction()
foreach(n 16 8 4 2 1)  # the slowest to compile come first
  litestage_cuda_source(qkv_${n} "LITESTAGE_QKV_KERNELS(LITESTAGE_COMPILE_KERNEL, ${n})")
endforeach()
# The weight types are those of with_type, from the last to the first, which takes the least time.
set(litestage_dtype ${PROJECT_SOURCE_DIR}/include/litestage/core/dtype.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${litestage_dtype})
file(READ ${litestage_dtype} litestage_types)
string(REGEX MATCHALL "case DType::[a-z0-9_]+" litestage_types "${litestage_types}")
list(TRANSFORM litestage_types REPLACE "case DType::" "")
list(REVERSE litestage_types)
foreach(type ${litestage_types})
  litestage_cuda_source(${type} "LITESTAGE_KERNELS_OF_TYPE(LITESTAGE_COMPILE_KERNEL, ${type})")
endforeach()
litestage_cuda_source(rows "LITESTAGE_ROW_KERNELS(LITESTAGE_COMPILE_KERNEL)"
                      "LITESTAGE_CACHE_KERNELS(LITESTAGE_COMPILE_KERNEL, float)"
                      "LITESTAGE_CACHE_KERNELS(LITESTAGE_COMPILE_KERNEL, std::uint16_t)")

add_library(litestage_cuda STATIC ${litestage_cuda_sources})
add_library(litestage::cuda ALIAS litestage_cuda)
set_target_properties(litestage_cuda PROPERTIES EXPORT_NAME cuda POSITION_INDEPENDENT_CODE ON)
target_link_libraries(litestage_cuda PUBLIC litestage CUDA::cudart_static ${CMAKE_DL_LIBS})
target_sources(litestage_cuda INTERFACE FILE_SET HEADERS BASE_DIRS include FILES ${litestage_cuda_headers})
if(LITESTAGE_DEVELOPER_WARNINGS)  # the kernel of docs/adding-a-kernel.md, as a user would add it
  add_library(litestage_example_kernel OBJECT ${PROJECT_SOURCE_DIR}/tests/kernels/example_kernel.cu)
  target_link_libraries(litestage_example_kernel PRIVATE litestage_cuda)
  target_include_directories(litestage_example_kernel PRIVATE ${PROJECT_SOURCE_DIR}/tests)
endif()
# -std as an option, because CMake before 3.26 does not know this compiler's name for C++20. --fmad=false: the compiler
# fuses no product and sum into one operation unless the source says so; the bits of results depend on it.
target_compile_options(litestage_cuda PUBLIC
                       $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 --expt-relaxed-constexpr --fmad=false>)
# Not compressed: tests/cuda/kernels.py reads the machine code.
target_compile_options(litestage_cuda PRIVATE --no-compress)
if(PROJECT_IS_TOP_LEVEL AND CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 13.0
   AND CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 13.1)
  # Spilled registers and local memory are errors as well, with the compiler version that the kernels were tuned for.
  target_compile_options(litestage_cuda PRIVATE -Xptxas=-warn-spills,-warn-lmem-usage "SHELL:-Werror all-warnings")
endif()
