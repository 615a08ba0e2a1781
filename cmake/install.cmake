# find_package(litestage) and find_package(litestage COMPONENTS io compiled cuda). Each component has its own export
# set, so that a machine without nlohmann/json, PCRE2, xxHash or CUDA can use the core.
include(CMakePackageConfigHelpers)

set(litestage_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/litestage)

install(TARGETS litestage EXPORT litestage_core FILE_SET HEADERS)
install(EXPORT litestage_core NAMESPACE litestage:: FILE litestage_core.cmake DESTINATION ${litestage_package_dir})
if(LITESTAGE_HAS_IO)
  install(TARGETS litestage_io EXPORT litestage_io FILE_SET HEADERS)
  install(EXPORT litestage_io NAMESPACE litestage:: FILE litestage_io.cmake DESTINATION ${litestage_package_dir})
endif()
if(LITESTAGE_BUILD_COMPILED)
  install(TARGETS litestage_compiled EXPORT litestage_compiled)
  install(EXPORT litestage_compiled NAMESPACE litestage:: FILE litestage_compiled.cmake
          DESTINATION ${litestage_package_dir})
endif()
if(LITESTAGE_HAS_CUDA)
  install(TARGETS litestage_cuda EXPORT litestage_cuda FILE_SET HEADERS)
  install(EXPORT litestage_cuda NAMESPACE litestage:: FILE litestage_cuda.cmake DESTINATION ${litestage_package_dir})
endif()

configure_package_config_file(cmake/litestageConfig.cmake.in ${PROJECT_BINARY_DIR}/litestageConfig.cmake
                              INSTALL_DESTINATION ${litestage_package_dir} NO_SET_AND_CHECK_MACRO)
set(litestage_anywhere ARCH_INDEPENDENT)
if(LITESTAGE_HAS_CUDA OR LITESTAGE_BUILD_COMPILED)
  set(litestage_anywhere "")
endif()
write_basic_package_version_file(${PROJECT_BINARY_DIR}/litestageConfigVersion.cmake COMPATIBILITY SameMinorVersion
                                 ${litestage_anywhere})
install(FILES ${PROJECT_BINARY_DIR}/litestageConfig.cmake ${PROJECT_BINARY_DIR}/litestageConfigVersion.cmake
              cmake/io_dependencies.cmake
        DESTINATION ${litestage_package_dir})
install(FILES LICENSE CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})
