// SPDX-License-Identifier: MIT
// The lists of examples/tree_hash: what sha256sum would write, and never 0 if something is not in them.
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/tools/tree_hash.hpp"

namespace {

using jay::testing::fs::create_directory_symlink;
using jay::testing::fs::create_hard_link;
using jay::testing::fs::create_symlink;
using jay::testing::fs::is_symlink;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class TreeHashList : public jay::testing::TreeHash {
 protected:
  mode_t mode(const std::string& name) const {
    struct stat s;
    EXPECT_EQ(::stat(at(name).c_str(), &s), 0) << name;
    return s.st_mode & 07777;
  }
  void mode(const std::string& name, mode_t to) const { ASSERT_EQ(::chmod(at(name).c_str(), to), 0) << name; }
  void pipe(const std::string& name) const { ASSERT_EQ(::mkfifo(at(name).c_str(), 0644), 0) << name; }
};

TEST_F(TreeHashList, IsWhatSha256sumWrites) {
  make_tree();
  for (const char* options : {"", "--binary", "--text", "--tag", "--zero", "-bz"}) {
    const outcome list = tree_hash(std::string(options) + " t");
    EXPECT_EQ(list.code, 0) << options << list.error;
    EXPECT_EQ(list.error, "") << options;
    EXPECT_EQ(list.out, expected_list("t", options)) << options;
  }
}

TEST_F(TreeHashList, IsAcceptedBySha256sum) {
  make_tree();
  for (const char* options : {"", "-b", "--tag"}) {
    EXPECT_EQ(tree_hash(std::string(options) + " -o S t").code, 0);
    const outcome check = sha256sum("--quiet --strict -c S");
    EXPECT_EQ(check.code, 0) << options << check.error;
    EXPECT_EQ(check.out + check.error, "") << options;
  }
}

TEST_F(TreeHashList, TakesDirectoriesAndFiles) {
  make_tree();
  EXPECT_EQ(tree_hash("t").out, tree_hash("t//").out);
  EXPECT_EQ(tree_hash("t/d t/a").out, sh("sha256sum t/a t/d/e/f/deep").out);
  create_directory_symlink("t", at("link"));
  EXPECT_EQ(tree_hash("link/d link").code, 0);
  EXPECT_EQ(tree_hash("link/d").out, sha256sum("link/d/e/f/deep").out);
  EXPECT_EQ(tree_hash("link").out, expected_list("link/"));
  EXPECT_EQ(sh("mkdir none && \"$TH\" none").out, "");
}

// Some give what they have to the first read only, and only what that has room for.
TEST_F(TreeHashList, FilesOfTheKernelAreReadWhole) {
  const std::string names = "/proc/sys/kernel/pid_max /proc/sys/kernel/cap_last_cap /proc/sys/kernel/ostype /proc/version";
  EXPECT_EQ(tree_hash(names).out, sh("for f in " + names + "; do echo $f; done | sort | xargs sha256sum").out);
  EXPECT_EQ(tree_hash("--check", sha256sum(names).out).code, 0);
}

TEST_F(TreeHashList, AFullDiskIsAFailure) {
  write("t/a", "a");
  for (const char* command : {"\"$TH\" t > /dev/full", "\"$TH\" t -o /dev/full", "\"$TH\" --help > /dev/full",
                              "\"$TH\" --version > /dev/full"}) {
    const outcome o = sh(command);
    EXPECT_EQ(o.code, 1) << command;
    EXPECT_THAT(o.error, HasSubstr("No space left on device")) << command;
  }
}

TEST_F(TreeHashList, AClosedOutputIsAFailureUnlessNothingIsPrinted) {
  write("t/a", "a");
  const outcome closed = sh("\"$TH\" t >&-");
  EXPECT_EQ(closed.code, 1);
  EXPECT_THAT(closed.error, HasSubstr("Bad file descriptor"));
  EXPECT_EQ(sh("\"$TH\" t >&- 2>&- <&-").code, 1);
  EXPECT_EQ(sh("\"$TH\" t -o S >&- <&-").code, 0);
  EXPECT_EQ(read("S"), sha256sum("t/a").out);
  EXPECT_EQ(read("t/a"), "a");
}

TEST_F(TreeHashList, AMessageThatIsLostIsAFailure) {
  write("t/a", "a");
  create_symlink("a", at("t/link"));
  EXPECT_EQ(sh("\"$TH\" -w t").code, 0);
  EXPECT_EQ(sh("\"$TH\" -w t 2>/dev/full").code, 1);
  EXPECT_EQ(sh("\"$TH\" -w t 2>&-").code, 1);
}

TEST_F(TreeHashList, ADirectoryThatCannotBeEnteredIsNamed) {
  write("t/a", "a");
  write("t/x/f", "f");
  mode("t/x", 0744);
  const outcome listed_only = as_user("t");
  EXPECT_EQ(listed_only.code, 1);
  EXPECT_THAT(listed_only.error, HasSubstr("t/x: this directory can be listed but not entered: Permission denied"));
  EXPECT_EQ(listed_only.out, sha256sum("t/a").out);
  mode("t/x", 0700);
  if (::geteuid() != 0) mode("t/x", 0000);
  const outcome closed = as_user("t");
  EXPECT_EQ(closed.code, 1);
  EXPECT_THAT(closed.error, HasSubstr("t/x: cannot open this directory: Permission denied"));
  EXPECT_EQ(closed.out, sha256sum("t/a").out);
}

TEST_F(TreeHashList, AFileThatCannotBeReadIsNamedAndTheOthersAreListed) {
  write("t/a", "a");
  write("t/small", "s");
  write("t/large", std::string(500'000, 'l'));
  mode("t/small", 0);
  mode("t/large", 0);
  const outcome o = as_user("t");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.out, sha256sum("t/a").out);
  EXPECT_THAT(o.error, AllOf(HasSubstr("t/small: Permission denied"), HasSubstr("t/large: Permission denied"),
                             HasSubstr("not of the whole tree")));
}

TEST_F(TreeHashList, APathThatIsNotThereKeepsTheOldList) {
  write("t/a", "a");
  write("S", "old");
  pipe("pipe");
  write("locked/a", "a");
  mode("locked", ::geteuid() == 0 ? 0711 : 0);
  give_to_user("S");
  give_to_user(".");
  for (const char* paths : {"nothing", "t nothing", "nothing/ t", "t/a/b", "pipe", "-", "locked"}) {
    const outcome o = as_user(std::string(paths) + " -o S");
    EXPECT_EQ(o.code, 1) << paths;
    EXPECT_THAT(o.error, HasSubstr("S: not written")) << paths;
    EXPECT_EQ(read("S"), "old") << paths;
  }
  EXPECT_THAT(names(), ElementsAre("S", "locked", "pipe", "t"));
  const outcome printed = tree_hash("t nothing");
  EXPECT_EQ(printed.code, 1);
  EXPECT_EQ(printed.out, sha256sum("t/a").out);
  EXPECT_THAT(printed.error, HasSubstr("nothing: No such file or directory"));
}

TEST_F(TreeHashList, InsideTheTreeItIsLeftOut) {
  make_tree();
  const std::string list = expected_list("t");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(tree_hash("t -o t/d/S").code, 0);
    EXPECT_EQ(read("t/d/S"), list);
    EXPECT_EQ(sha256sum("--quiet -c t/d/S").code, 0);
    EXPECT_EQ(tree_hash("--check --quiet t/d/S t").code, 0);
  }
  // As the output of the shell, and among the paths.
  jay::testing::fs::remove(at("t/d/S"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(sh("\"$TH\" t > t/S && cat t/S").out, list);
    EXPECT_EQ(sh("\"$TH\" t -o /dev/stdout > t/S && cat t/S").out, list);
  }
  jay::testing::fs::remove(at("t/S"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(sh("cd t && \"$TH\" -- * -o S").code, 1);  // "-" is no path
    EXPECT_EQ(sh("cd t/d && \"$TH\" -o S * && sha256sum --quiet -c S").code, 0);
    EXPECT_EQ(sh("cd t/d && \"$TH\" * > S && cat S").out, sh("cd t/d && sha256sum e/f/deep").out);
  }
}

TEST_F(TreeHashList, OnlyItsOwnNameIsLeftOut) {
  write("t/S", "old");
  create_hard_link(at("t/S"), at("t/same"));
  write("t/.S.tree_hash-abcdef", "of a run beside this one");
  write("t/.S.tree_hash-abcdefg", "x");
  write("t/d/S", "y");
  EXPECT_EQ(tree_hash("t -o t/S").code, 0);
  EXPECT_EQ(read("t/same"), "old");
  EXPECT_EQ(read("t/S"), sha256sum("t/.S.tree_hash-abcdefg t/d/S t/same").out);
}

TEST_F(TreeHashList, KeepsThePermissionsOfTheOldOne) {
  write("t/a", "a");
  EXPECT_EQ(sh("umask 027; \"$TH\" t -o S").code, 0);
  EXPECT_EQ(mode("S"), 0640u);
  mode("S", 0604);
  EXPECT_EQ(tree_hash("t -o S").code, 0);
  EXPECT_EQ(mode("S"), 0604u);
  write("else/where", "old");
  create_symlink("else/where", at("L"));
  EXPECT_EQ(tree_hash("t -o L").code, 0);
  EXPECT_TRUE(is_symlink(at("L")));
  EXPECT_EQ(read("else/where"), sha256sum("t/a").out);
  create_symlink("else/new", at("N"));
  EXPECT_EQ(tree_hash("t -o N").code, 0);
  EXPECT_TRUE(is_symlink(at("N")));
  EXPECT_EQ(read("else/new"), sha256sum("t/a").out);
  EXPECT_THAT(names("else"), ElementsAre("new", "where"));
}

TEST_F(TreeHashList, WhatCannotBeWrittenIsRefusedBeforeTheWork) {
  write("t/a", "a");
  write("closed/S", "old");
  write("S", "old");
  mode("S", 0444);
  mode("closed/S", 0666);
  mode("closed", 0555);
  give_to_user("S");
  give_to_user(".");
  for (const auto& [file, why] : {std::pair("S", "S: Permission denied"), {"closed/S", "in a directory that is not writable"},
                                  {"closed/new", "in a directory that is not writable"}, {"none/S", "none: No such file"},
                                  {"t", "t: Is a directory"}, {"none/", "none/: Is a directory"}, {"''", "empty name"},
                                  {"t/a/S", "Not a directory"}}) {
    const outcome o = as_user(std::string("t -o ") + file);
    EXPECT_GT(o.code, 0) << file;
    EXPECT_THAT(o.error, HasSubstr(why)) << file;
  }
  EXPECT_EQ(read("S") + read("closed/S"), "oldold");
  EXPECT_THAT(names("closed"), ElementsAre("S"));
}

TEST_F(TreeHashList, IsWrittenToWhatIsNoRegularFile) {
  write("t/a", "a");
  const std::string list = sha256sum("t/a").out;
  EXPECT_EQ(tree_hash("t -o /dev/stdout").out, list);
  EXPECT_EQ(tree_hash("t -o -").out, list);
  EXPECT_EQ(sh("\"$TH\" t -o /dev/stdout | cat").out, list);
  EXPECT_EQ(sh("echo first > F; \"$TH\" t -o /dev/stdout >> F; cat F").out, "first\n" + list);
  EXPECT_EQ(tree_hash("t -o /dev/null").code, 0);
  EXPECT_TRUE(jay::testing::fs::is_character_file("/dev/null"));
  pipe("pipe");
  EXPECT_EQ(sh("cat pipe & \"$TH\" t -o pipe; wait").out, list);
}

TEST_F(TreeHashList, AWriteThatFailsOrIsKilledLeavesTheOldList) {
  for (int i = 0; i < 100; ++i) write("t/" + std::to_string(i), "");
  write("S", "old");
  const outcome too_large = sh("trap '' XFSZ; ulimit -f 1; \"$TH\" t -o S");
  EXPECT_EQ(too_large.code, 1);
  EXPECT_THAT(too_large.error, HasSubstr("S: write error: File too large"));
  EXPECT_EQ(read("S"), "old");
  EXPECT_THAT(names(), ElementsAre("S", "t"));
  // A signal in the middle of writing.
  EXPECT_EQ(sh("ulimit -c 0; ulimit -f 1; \"$TH\" t -o S").code, 128 + SIGXFSZ);
  EXPECT_EQ(read("S"), "old");
  EXPECT_THAT(names(), ElementsAre("S", "t"));
}

TEST_F(TreeHashList, CtrlCLeavesTheOldList) {
  write("t/endless", "");
  jay::testing::fs::resize_file(at("t/endless"), std::uintmax_t(1) << 40);
  write("t/S", "old");
  bool told = false;
  const outcome o = at_terminal({"--progress", "t", "-o", "t/S"}, [&](pid_t child, const std::string&) {
    if (told) return;
    told = true;
    EXPECT_EQ(::kill(child, SIGINT), 0);
  });
  EXPECT_EQ(o.code, 130);
  EXPECT_EQ(read("t/S"), "old");
  EXPECT_THAT(names("t"), ElementsAre("S", "endless"));
}

TEST_F(TreeHashList, LinksAndSpecialFilesAreLeftOutAndCounted) {
  write("t/a", "a");
  create_symlink("a", at("t/link"));
  create_symlink("nothing", at("t/dangling"));
  create_directory_symlink("..", at("t/up"));
  pipe("t/pipe");
  sockaddr_un address{AF_UNIX, "t/s"};
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const jay::testing::fs::path here = jay::testing::fs::current_path();
  jay::testing::fs::current_path(at(""));
  EXPECT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  jay::testing::fs::current_path(here);
  ::close(descriptor);

  const outcome silent = tree_hash("t");
  EXPECT_EQ(silent.code, 0);
  EXPECT_EQ(silent.error, "");
  EXPECT_EQ(silent.out, sha256sum("t/a").out);
  EXPECT_THAT(tree_hash("--progress t").error, HasSubstr("left out: 3 symbolic links, 1 pipe, 1 socket"));
  EXPECT_THAT(tree_hash("-w t").error,
              AllOf(HasSubstr("t/pipe: left out, it is a pipe"), HasSubstr("t/s: left out, it is a socket"),
                    HasSubstr("t/dangling: left out, it is a symbolic link")));
}

TEST_F(TreeHashList, WhatChangesUnderWayIsToldApart) {
  // Files without an end hold all the places, so that the small ones are found and not yet opened.
  for (int i = 0; i < 48; ++i) {
    write("t/endless" + std::to_string(i), "");
    jay::testing::fs::resize_file(at("t/endless" + std::to_string(i)), std::uintmax_t(1) << 40);
  }
  for (const char* name : {"t/stays", "t/goes", "t/becomes a link", "t/becomes a pipe", "t/grows", "t/shrinks"})
    write(name, "before");
  bool changed = false;
  const outcome o = at_terminal({"--progress", "t"}, [&](pid_t, const std::string& seen) {
    if (changed || seen.find('%') == seen.npos) return;  // a percentage: all have been found
    changed = true;
    for (const char* name : {"t/goes", "t/becomes a link", "t/becomes a pipe"}) jay::testing::fs::remove(at(name));
    create_symlink("stays", at("t/becomes a link"));
    pipe("t/becomes a pipe");
    write("t/grows", std::string(2'000'000, 'g'));
    write("t/shrinks", "");
    for (int i = 0; i < 48; ++i) jay::testing::fs::resize_file(at("t/endless" + std::to_string(i)), 0);
  });
  EXPECT_EQ(o.code, 1);
  EXPECT_THAT(o.error, AllOf(HasSubstr("t/goes: vanished while the tree was read"),
                             HasSubstr("t/becomes a link: was replaced by a symbolic link while the tree was read"),
                             HasSubstr("t/becomes a pipe: is no regular file any more")));
  const auto line = [&](const std::string& name) { return sha256sum(name).out; };
  EXPECT_THAT(o.out, AllOf(HasSubstr(line("t/stays")), HasSubstr(line("t/grows")), HasSubstr(line("t/shrinks"))));
  EXPECT_THAT(o.out, AllOf(Not(HasSubstr("goes")), Not(HasSubstr("link")), Not(HasSubstr("pipe"))));
}

TEST_F(TreeHashList, APathThatIsTooLongIsNamed) {
  const std::string name(200, 'd');
  ASSERT_EQ(sh("mkdir t && cd t && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do mkdir " + name +
               " && cd -P " + name + " || exit; done; echo x > f").code, 0);
  const outcome o = tree_hash("t");
  EXPECT_EQ(o.code, 1);
  EXPECT_THAT(o.error, HasSubstr("File name too long"));
  EXPECT_EQ(sh("rm -r t").code, 0);
}

TEST_F(TreeHashList, ProgressIsForTerminals) {
  make_tree();
  const outcome o = tree_hash("--progress t");
  EXPECT_EQ(o.code, 0);
  EXPECT_THAT(o.error, AllOf(HasSubstr("18 files, "), Not(HasSubstr("\r")), Not(HasSubstr("%"))));
}

TEST_F(TreeHashList, ProgressNeverGoesBackwards) {
  for (int i = 0; i < 40; ++i)
    for (int k = 0; k < 20; ++k) write("t/" + std::to_string(i) + "/" + std::to_string(k), std::string(20'000, 'x'));
  write("t/endless", "");
  jay::testing::fs::resize_file(at("t/endless"), std::uintmax_t(1) << 40);
  bool shortened = false;
  const outcome o = at_terminal({"--progress", "t"}, [&](pid_t, const std::string& seen) {
    if (shortened || std::count(seen.begin(), seen.end(), '%') < 3) return;
    shortened = true;
    jay::testing::fs::resize_file(at("t/endless"), 1000);
  });
  EXPECT_EQ(o.code, 0);
  double last_count = 0, last_percentage = -1;
  for (std::size_t from = o.error.find('\r'); from != o.error.npos; from = o.error.find('\r', from + 1)) {
    const std::string line = o.error.substr(from + 1, o.error.find('\r', from + 1) - from - 1);
    const std::size_t percent = line.find('%');
    if (percent != line.npos) {
      const double now = std::stod(line.substr(line.find(']') + 1));
      EXPECT_GE(now, last_percentage) << o.error;
      last_percentage = now;
    } else if (line.find("files found") != line.npos) {
      EXPECT_EQ(last_percentage, -1) << "counts after a percentage: " << o.error;
      EXPECT_GE(std::stod(line), last_count);
      last_count = std::stod(line);
    }
  }
  EXPECT_EQ(last_percentage, 100);
}

TEST_F(TreeHashList, WrongUseIsRefused) {
  write("t/a", "a");
  for (const char* words : {"", "--foo t", "-o", "--quiet t", "--status t", "--strict t", "--ignore-missing t",
                            "--tag --text t", "--check -b S", "--check --tag S", "--check -z S", "--check -o X S",
                            "--check t", "''"}) {
    const outcome o = tree_hash(words);
    EXPECT_EQ(o.code, 2) << words;
    EXPECT_EQ(o.out, "") << words;
    EXPECT_NE(o.error, "") << words;
  }
  EXPECT_THAT(tree_hash("--help").out, HasSubstr("usage: tree_hash"));
}

}  // namespace
