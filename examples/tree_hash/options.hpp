// SPDX-License-Identifier: MIT
// The command line. Options are named as sha256sum names them, where it has them.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "list_line.hpp"

namespace tree_hash {

struct options {
  bool check = false;
  line_form form;                     // of the list that is written
  std::optional<std::string> output;  // -o
  bool ignore_missing = false;
  bool quiet = false;
  bool status = false;
  bool strict = false;
  bool warn = false;
  bool progress = false;
  std::vector<std::string> operands;
};

enum exit_status : int { all_right = 0, failed = 1, wrong_use = 2, interrupted = 130 };

/// An int: the exit status; there is nothing more to do.
std::variant<options, int> parse_options(int argc, char** argv);

}  // namespace tree_hash
