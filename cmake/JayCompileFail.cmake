# SPDX-License-Identifier: MIT
# Tests of what must not compile. Each file says what the compiler has to answer, and compiles once its
# mistake is taken out, so that it cannot be refused for another reason than the one it is about:
#
#   // EXPECT: a part of the error text
#   // ONLY: GNU                              (optional: the one compiler that this is about)
#   #ifdef JAY_EXPECT_OK  ... right ...  #else  ... wrong ...  #endif

# jay_add_compile_fail_tests(<library> <file>...)
function(jay_add_compile_fail_tests library)
  # A target that is never built, from which the compile line of a user of <library> is read.
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/compile_fail_flags.cpp "")
  add_library(compile_fail_flags OBJECT EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/compile_fail_flags.cpp)
  target_link_libraries(compile_fail_flags PRIVATE ${library})
  set(includes $<TARGET_PROPERTY:compile_fail_flags,INCLUDE_DIRECTORIES>)
  set(definitions $<TARGET_PROPERTY:compile_fail_flags,COMPILE_DEFINITIONS>)
  set(options $<TARGET_PROPERTY:compile_fail_flags,COMPILE_OPTIONS>)
  set(flags ${CMAKE_CURRENT_BINARY_DIR}/compile_fail.flags)
  # -O2: g++ gives some of its warnings only then.
  file(GENERATE OUTPUT ${flags} CONTENT
"-std=c++20
-O2
-Wall
-Wextra
-Werror
$<$<BOOL:${includes}>:-I$<JOIN:${includes},
-I>>
$<$<BOOL:${definitions}>:-D$<JOIN:${definitions},
-D>>
$<JOIN:${options},
>
")

  foreach(file IN LISTS ARGN)
    cmake_path(GET file STEM name)
    file(STRINGS ${file} only REGEX "^// ONLY: ")
    if(only AND NOT only STREQUAL "// ONLY: ${CMAKE_CXX_COMPILER_ID}")
      continue()
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    foreach(case refused compiles_when_right)
      add_test(NAME compile_fail.${name}.${case}
        COMMAND ${CMAKE_COMMAND} -D CASE=${case} -D FILE=${file} -D FLAGS=${flags}
          -D COMPILER=${CMAKE_CXX_COMPILER}
          -P ${PROJECT_SOURCE_DIR}/cmake/JayCompileFailRun.cmake)
      set_tests_properties(compile_fail.${name}.${case} PROPERTIES
        TIMEOUT ${JAY_TEST_TIMEOUT} LABELS compile_fail)
    endforeach()
  endforeach()
endfunction()
