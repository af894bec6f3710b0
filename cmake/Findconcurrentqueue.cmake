# SPDX-License-Identifier: MIT
# moodycamel's queue has no CMake config file in Debian. Gives concurrentqueue::concurrentqueue, for
# #include <concurrentqueue/concurrentqueue.h>.
find_path(concurrentqueue_INCLUDE_DIR concurrentqueue/concurrentqueue.h)
mark_as_advanced(concurrentqueue_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(concurrentqueue REQUIRED_VARS concurrentqueue_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libconcurrentqueue-dev")

if(concurrentqueue_FOUND AND NOT TARGET concurrentqueue::concurrentqueue)
  add_library(concurrentqueue::concurrentqueue INTERFACE IMPORTED)
  target_include_directories(concurrentqueue::concurrentqueue INTERFACE ${concurrentqueue_INCLUDE_DIR})
endif()
