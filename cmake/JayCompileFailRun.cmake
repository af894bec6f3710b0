# SPDX-License-Identifier: MIT
# One case of JayCompileFail.cmake. A script and not PASS_REGULAR_EXPRESSION, which ignores the exit
# status: a warning with the right words would pass for an error.
cmake_minimum_required(VERSION 3.25)
file(STRINGS ${FLAGS} flags)
list(FILTER flags EXCLUDE REGEX "^$")
file(STRINGS ${FILE} expected REGEX "^// EXPECT: ")
list(TRANSFORM expected REPLACE "^// EXPECT: " "")
if(NOT expected)
  message(FATAL_ERROR "${FILE} has no line '// EXPECT: text'")
endif()
if(CASE STREQUAL "compiles_when_right")
  list(APPEND flags -DJAY_EXPECT_OK=1)
endif()

execute_process(COMMAND ${COMPILER} ${flags} -fsyntax-only ${FILE}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)

if(CASE STREQUAL "compiles_when_right")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${FILE} does not compile with JAY_EXPECT_OK:\n${output}")
  endif()
  return()
endif()
if(status EQUAL 0)
  message(FATAL_ERROR "${FILE} compiles, and should be refused with '${expected}'")
endif()
foreach(text IN LISTS expected)
  string(FIND "${output}" "${text}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "${FILE} is refused, but '${text}' is not in what the compiler says:\n${output}")
  endif()
endforeach()
