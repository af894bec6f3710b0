# SPDX-License-Identifier: MIT
# The compiler: which ones are refused, and the flags that are for this project's own build only
# (warnings, sanitizers, ccache). What users must compile with stands in JayTargets.cmake.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
    message(FATAL_ERROR "jay needs g++ >= 12 or clang++ >= 16; this is g++ ${CMAKE_CXX_COMPILER_VERSION}. Choose another with -DCMAKE_CXX_COMPILER=.")
  elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    message(STATUS "jay: g++ 12 miscompiles some forms of co_await; docs/pitfalls-gcc12.md lists them and what to write instead")
  endif()
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
    message(FATAL_ERROR "jay needs clang++ >= 16 or g++ >= 12; this is clang++ ${CMAKE_CXX_COMPILER_VERSION}, which lacks std::source_location. Choose another with -DCMAKE_CXX_COMPILER=clang++-19.")
  endif()
else()
  message(WARNING "jay is tested with g++ and clang++ only, not with ${CMAKE_CXX_COMPILER_ID}")
endif()

# Off unless asked for, as the presets do: a compiler that is newer than jay must not break a user's build.
option(JAY_WERROR "Turn warnings into errors" OFF)
set(JAY_SANITIZE "" CACHE STRING "Sanitizers for everything built here, as in -fsanitize= (\"address,undefined\", \"thread\")")

set(JAY_WARNINGS -Wall -Wextra)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False for std::string's operator+ (GCC bug 105651).
  list(APPEND JAY_WARNINGS -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_UNITY_BUILD)
  # There every source is included, and so taken for a header, which should have no anonymous namespace.
  list(APPEND JAY_WARNINGS -Wno-subobject-linkage)
endif()
if(JAY_WERROR)
  list(APPEND JAY_WARNINGS -Werror)
endif()

if(JAY_SANITIZE)
  add_compile_options(-fsanitize=${JAY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${JAY_SANITIZE})
endif()

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(JAY_CCACHE ccache)
  if(JAY_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${JAY_CCACHE})
  endif()
endif()
