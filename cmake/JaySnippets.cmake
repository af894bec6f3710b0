# SPDX-License-Identifier: MIT
# The programs shown in README.md and docs/*.md compile, as every build proves. tools/snippets writes them
# out; they are compiled, not run, so that a document can show a server.

# jay_add_snippets(<library>)
function(jay_add_snippets library)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  file(GLOB documents CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/docs/*.md)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/snippets)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/snippets ${folder} ${documents}
    OUTPUT_VARIABLE sources COMMAND_ERROR_IS_FATAL ANY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${documents} ${PROJECT_SOURCE_DIR}/tools/snippets)
  string(REPLACE "\n" ";" sources "${sources}")
  list(FILTER sources EXCLUDE REGEX "^$")
  if(NOT sources)
    return()
  endif()
  add_library(jay_snippets OBJECT ${sources})
  target_compile_options(jay_snippets PRIVATE ${JAY_WARNINGS})
  target_link_libraries(jay_snippets PRIVATE ${library})
endfunction()
