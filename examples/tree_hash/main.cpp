// SPDX-License-Identifier: MIT
// tree_hash: SHA-256 of every regular file under a directory, in the format of sha256sum, and the check of such a list.
//
//   tree_hash DIR -o SHA256SUMS
//   tree_hash --check SHA256SUMS
//
// It ends with 0 only if everything was looked at, read, written and, for a check, equal.
//
// Three kinds of task run at once: walkers list directories (walk.cpp), readers bring files in, and hashing runs on all
// workers (both hasher.cpp). make_list.cpp and check_lists.cpp put them together.
#include <exception>
#include <string>
#include <variant>

#include <jay/jay.hpp>

#include "jobs.hpp"

namespace {

/// The first of the errors that came together.
std::string reason(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const jay::exception_group& group) {
    return reason(group.exceptions().front());
  } catch (const std::exception& e) {
    return e.what();
  }
}

}  // namespace

int main(int argc, char** argv) {
  tree_hash::console out;
  if (!tree_hash::keep_standard_descriptors()) {
    out.complain("a standard descriptor is closed, and /dev/null cannot be opened in its place");
    return tree_hash::failed;
  }
  try {
    std::variant<tree_hash::options, int> parsed = tree_hash::parse_options(argc, argv);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    const auto& options = std::get<tree_hash::options>(parsed);
    int status = options.check ? check_lists(options, out) : make_list(options, out);
    out.finish();
    if (status == tree_hash::all_right && out.incomplete()) status = tree_hash::failed;
    return status;
  } catch (const jay::keyboard_interrupt&) {
    out.erase();
    return tree_hash::interrupted;
  } catch (const std::exception&) {
    out.complain(reason(std::current_exception()));
    return tree_hash::failed;
  }
}
