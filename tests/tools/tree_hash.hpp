// SPDX-License-Identifier: MIT
// tree_hash in a directory of its own, beside sha256sum.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace jay::testing {

namespace fs = std::filesystem;

class TreeHash : public ::testing::Test {
 protected:
  struct outcome {
    int code = -1;  // 128 and the signal's number, if it was one
    std::string out;
    std::string error;
  };

  TreeHash() {
    std::string name = (fs::temp_directory_path() / "jay_tree_hash_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
    folder_ = name;
    ::chmod(name.c_str(), 0755);  // for the other user of as_user
    fs::create_directory(folder_ / "w");
    ::umask(022);
  }
  ~TreeHash() override {
    std::error_code ignored;
    for (fs::recursive_directory_iterator at(folder_, fs::directory_options::skip_permission_denied, ignored), end;
         at != end && !ignored; at.increment(ignored))
      if (at->is_directory(ignored) && !at->is_symlink(ignored)) ::chmod(at->path().c_str(), 0755);
    fs::remove_all(folder_, ignored);
  }

  fs::path at(const std::string& name) const { return folder_ / "w" / name; }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(at(name).parent_path());
    std::ofstream(at(name), std::ios::binary) << text;
  }
  std::string read(const std::string& name) const { return text_of(at(name)); }
  std::set<std::string> names(const std::string& directory = ".") const {
    std::set<std::string> all;
    for (const fs::directory_entry& e : fs::directory_iterator(at(directory))) all.insert(e.path().filename());
    return all;
  }

  /// Files of all sizes that are treated apart, with all names that need care.
  void make_tree() const {
    write("t/a", "a\n");
    write("t/empty", "");
    write("t/ leading and trailing ", "1");
    write("t/back\\slash", "2");
    write("t/new\nline", "3");
    write("t/return\rin it", "4");
    write("t/\\n", "5");
    write("t/*star", "6");
    write("t/) = x", "7");
    write("t/\xff\xfe", "8");
    write("t/-", "9");
    write("t/d/e/f/deep", "10");
    for (std::size_t size : {262143u, 262144u, 262145u, 1048576u, 1048577u, 3000000u})
      write("t/size " + std::to_string(size), std::string(size, 'x') + std::to_string(size));
  }

  /// A shell command in the directory. $TH is tree_hash; JAY_ variables of ours do not reach it.
  outcome sh(const std::string& command, const std::string& input = "") const {
    std::ofstream(folder_ / "in", std::ios::binary) << input;
    const std::string line = "unset $(env | sed -n 's/^\\(JAY_[A-Za-z0-9_]*\\)=.*/\\1/p'); export LC_ALL=C; TH='" TREE_HASH
                             "'; USER_TH='" + user_program() + "'; cd '" + at("").string() + "' && { " + command +
                             "\n} >../out 2>../error <../in";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text_of(folder_ / "out"),
            text_of(folder_ / "error")};
  }
  outcome tree_hash(const std::string& words, const std::string& input = "") const { return sh("\"$TH\" " + words, input); }
  outcome sha256sum(const std::string& words, const std::string& input = "") const { return sh("sha256sum " + words, input); }
  /// As somebody whom permissions bind, which root is not.
  outcome as_user(const std::string& words) {
    if (::geteuid() != 0) return tree_hash(words);
    if (!fs::exists(folder_ / "tree_hash")) fs::copy_file(TREE_HASH, folder_ / "tree_hash");
    return sh("setpriv --reuid=65534 --regid=65534 --clear-groups \"$USER_TH\" " + words);
  }
  /// Gives the directory to as_user's user.
  void give_to_user(const std::string& name) const {
    if (::geteuid() == 0 && ::chown(at(name).c_str(), 65534, 65534) != 0) throw std::runtime_error("chown");
  }

  /// What find and sha256sum say of a tree, in the order of tree_hash.
  std::string expected_list(const std::string& directory, const std::string& options = "") const {
    outcome o = sh("find " + directory + " -type f -print0 | sort -z | xargs -0 sha256sum " + options);
    EXPECT_EQ(o.code, 0) << o.error;
    return o.out;
  }

  /// tree_hash with standard error at a terminal. `seen` is called with all that has come, each time that more has.
  outcome at_terminal(std::vector<std::string> words, const std::function<void(pid_t, const std::string&)>& seen) const {
    int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) throw std::runtime_error("no terminal");
    const std::string slave_name = ::ptsname(master), directory = at(""), out = folder_ / "out";
    words.insert(words.begin(), TREE_HASH);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int slave = ::open(slave_name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    const int output = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const pid_t child = ::fork();
    if (child == 0) {
      if (::chdir(directory.c_str()) != 0 || ::dup2(output, 1) < 0 || ::dup2(slave, 2) < 0) ::_exit(126);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    ::close(slave);
    ::close(output);
    outcome o;
    char buffer[4096];
    for (;;) {  // until the last slave is closed: an error of read
      const ssize_t n = ::read(master, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      o.error.append(buffer, static_cast<std::size_t>(n));
      seen(child, o.error);
    }
    ::close(master);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    o.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    o.out = text_of(out);
    return o;
  }

 private:
  static std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot open " + path.string());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string user_program() const { return (folder_ / "tree_hash").string(); }

  fs::path folder_;
};

}  // namespace jay::testing
