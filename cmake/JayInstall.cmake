# SPDX-License-Identifier: MIT
# What `cmake --install` leaves for find_package(jay) and for pkg-config. Both are relocatable.
include(CMakePackageConfigHelpers)

set(jay_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/jay)
install(EXPORT jay-targets NAMESPACE jay:: DESTINATION ${jay_cmake_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/jay-config.cmake.in
  ${PROJECT_BINARY_DIR}/jay-config.cmake INSTALL_DESTINATION ${jay_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/jay-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/jay-config.cmake
  ${PROJECT_BINARY_DIR}/jay-config-version.cmake
  ${CMAKE_CURRENT_LIST_DIR}/Finduring.cmake
  DESTINATION ${jay_cmake_dir})

# jay.pc finds its prefix from where it lies itself, so that the installed tree can be moved.
set(jay_pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH jay_pc_prefix
  "${CMAKE_INSTALL_PREFIX}/${jay_pc_dir}" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" jay_pc_prefix "${jay_pc_prefix}")
if(BUILD_SHARED_LIBS)
  set(jay_pc_cflags "-DJAY_SHARED=1")
  set(jay_pc_requires "")
else()
  set(jay_pc_cflags "")
  set(jay_pc_requires "liburing")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/jay.pc.in ${PROJECT_BINARY_DIR}/jay.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/jay.pc DESTINATION ${jay_pc_dir})

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
