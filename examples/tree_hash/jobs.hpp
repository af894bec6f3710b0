// SPDX-License-Identifier: MIT
// The two things that tree_hash does. Each gives the exit status.
#pragma once

#include "console.hpp"
#include "options.hpp"

namespace tree_hash {

int make_list(const options& o, console& out);
int check_lists(const options& o, console& out);

}  // namespace tree_hash
