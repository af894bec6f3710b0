# SPDX-License-Identifier: MIT
# How a jay library and a jay program are declared. Sources and headers are globbed, so that adding a
# file needs no edit here; CONFIGURE_DEPENDS makes the build look again each time.

# jay_add_library(<name>): src/**.cpp and include/**.hpp of the current folder become the target
# jay_<name>, known as jay::<name> here and after installation.
function(jay_add_library name)
  set(target jay_${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/*.cpp)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/*.hpp)

  add_library(${target} ${sources})
  add_library(jay::${name} ALIAS ${target})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${headers})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PRIVATE src)
  target_compile_options(${target} PRIVATE ${JAY_WARNINGS})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION}
    # Before 1.0 every minor version may change the ABI.
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    INSTALL_RPATH $ORIGIN)
  if(BUILD_SHARED_LIBS)
    target_compile_definitions(${target} PUBLIC JAY_SHARED=1)
  endif()
  install(TARGETS ${target} EXPORT jay-targets FILE_SET HEADERS)
endfunction()

# jay::jay, what users link: everything of the core.
function(jay_add_umbrella)
  add_library(jay INTERFACE)
  add_library(jay::jay ALIAS jay)
  target_link_libraries(jay INTERFACE jay_io jay_scheduler)
  install(TARGETS jay EXPORT jay-targets)
endfunction()

# jay_add_program(<target> <source>...): an executable of this project, with its warnings. Never a unity build, as the
# libraries may be: the tests of one suite use the same names again.
function(jay_add_program target)
  add_executable(${target} ${ARGN})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_options(${target} PRIVATE ${JAY_WARNINGS})
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF UNITY_BUILD OFF)
endfunction()
