// SPDX-License-Identifier: MIT
#include <jay/detail/build.hpp>

const char JAY_SAME_SANITIZER = 0;
const char JAY_SAME_CONTAINERS = 0;
