// SPDX-License-Identifier: MIT
// `jay bench`: gives its words to the Python program that lies in share/jay/bench of an installed tree, and of a build.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <jay/version.hpp>

#include "commands.hpp"

namespace jay_tool {

void exec_bench(int argc, char** argv) {
  namespace fs = std::filesystem;
  const fs::path top = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  const std::string script = top / "share/jay/bench/tool/main.py";
  if (!fs::exists(script)) throw std::runtime_error("bench: " + script + " is not there; install jay again, or build it");
  // In a build the programs lie beside it.
  ::setenv("JAY_BENCH_DIR", (top / "bench").c_str(), 0);

  std::vector<std::string> words = {"python3", script, "--jay-version", JAY_VERSION};
  words.insert(words.end(), argv + 2, argv + argc);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp("python3", arguments.data());
  throw std::system_error(errno, std::generic_category(), "bench: start python3");
}

}  // namespace jay_tool
