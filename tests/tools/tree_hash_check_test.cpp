// SPDX-License-Identifier: MIT
// examples/tree_hash --check beside sha256sum -c: the same lists, the same results, the same exit status.
#include "tests/tools/tree_hash.hpp"

#include <algorithm>
#include <random>

namespace {

using ::testing::HasSubstr;

class TreeHashCheck : public jay::testing::TreeHash {
 protected:
  static constexpr const char* hash_of_a = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7";  // "a\n"

  static std::vector<std::string> warnings(const std::string& error) {
    std::vector<std::string> all;
    std::istringstream in(error);
    for (std::string line; std::getline(in, line);) {
      line = line.substr(line.find(": ") + 2);
      for (const char* text : {"WARNING", "improperly", "was verified", "lines found"})
        if (line.find(text) != line.npos) {
          all.push_back(line);
          break;
        }
    }
    return all;
  }

  /// Both programs, the same words and input.
  void expect_the_same(const std::string& words, const std::string& input, const std::string& about) const {
    const outcome theirs = sha256sum(words, input), ours = tree_hash(words, input);
    EXPECT_EQ(ours.code, theirs.code) << about << ours.error << theirs.error;
    EXPECT_EQ(ours.out, theirs.out) << about;
    EXPECT_EQ(warnings(ours.error), warnings(theirs.error)) << about;
    EXPECT_EQ(std::count(ours.error.begin(), ours.error.end(), '\n'),
              std::count(theirs.error.begin(), theirs.error.end(), '\n'))
        << about << ours.error << theirs.error;
  }
};

TEST_F(TreeHashCheck, AcceptsWhatSha256sumWrites) {
  make_tree();
  for (const char* options : {"", "-b", "--tag"}) {
    write("S", expected_list("t", options));
    expect_the_same("--check S", "", options);
    EXPECT_EQ(tree_hash("--check S").code, 0);
    EXPECT_EQ(tree_hash("--check --status --strict S").code, 0);
  }
}

TEST_F(TreeHashCheck, AcceptsEveryFormThatSha256sumTakes) {
  make_tree();
  write("S", expected_list("t"));
  for (const char* make : {"sed 's/^[^ ]*/\\U&/' S", "(echo '# made today'; cat S)", "sed 's/$/\\r/' S", "printf %s \"$(cat S)\"",
                           "sed 's/^/ /' S", "(echo; cat S; echo)", "grep -v '\\\\' S | sed 's/  / /'"}) {
    write("L", sh(make).out);
    expect_the_same("-c L", "", make);
    EXPECT_EQ(tree_hash("-c L").code, 0) << make;
  }
  for (const char* words : {"--check -", "--check", "--check - S", "-c S S"}) {
    expect_the_same(words, read("S"), words);
    EXPECT_EQ(tree_hash(words, read("S")).code, 0) << words;
  }
  EXPECT_EQ(sh("mkfifo p; cat S > p & \"$TH\" -c p").code, 0);
}

TEST_F(TreeHashCheck, JudgesEveryLineAsSha256sumDoes) {
  make_tree();
  const std::string h = hash_of_a;
  std::string upper = h;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  const std::vector<std::string> lines = {
      h + "  t/a", h + " *t/a", h + " t/a", h + "\tt/a", h + "\t t/a", upper + "  t/a", "  " + h + "  t/a", h + "  t/nothing",
      h + "  t", h + "  t/empty", h + "  ", h + " *", h + " ", h, h + " x", "#" + h + "  t/a", " #" + h + "  t/a",
      h.substr(1) + "  t/a", h + "0  t/a", "g" + h.substr(1) + "  t/a", h + "  t/a\r", h + "  t/a\r\r", "\r", "",
      "SHA256 (t/a) = " + h, "SHA256(t/a)=" + h, "SHA256 (t/a) = " + upper, "SHA256 (t/a) = " + h + " ", "SHA256 (t/a) " + h,
      "SHA256 t/a = " + h, "SHA256 (t/a)) = " + h, "SHA256 () = " + h, "SHA256  (t/a) = " + h, "SHA1 (t/a) = " + h,
      "sha256 (t/a) = " + h, "SHA256 (t/a) = " + h + "00", "\\SHA256 (t/new\\nline) = " + h, "\\" + h + "  t/new\\nline",
      "\\" + h + "  t/back\\\\slash", h + "  t/back\\slash", "\\" + h + "  t/bad\\escape", "\\" + h + "  t/at the end\\",
      "\\" + h + "  t/a", h + "  -", "-", "\xef\xbb\xbf" + h + "  t/a", h + "  /dev/null", h + "  ./t//a"};
  for (const std::string& line : lines) {
    write("L", line + "\n" + h + "  t/a\n" + "junk\n");
    expect_the_same("-c --warn L", "a\n", line);
    expect_the_same("-c", line + "\n", line);
  }
}

TEST_F(TreeHashCheck, JudgesRandomListsAsSha256sumDoes) {
  make_tree();
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return random() % n; };
  std::vector<std::string> good;
  for (const char* options : {"", "-b", "--tag"}) {
    std::istringstream in(expected_list("t", options));
    for (std::string line; std::getline(in, line);) good.push_back(line);
  }
  const std::string bytes = std::string(" \\\t\r\n()*#=0aF") + '\0' + "\xff";
  for (int round = 0; round < 10; ++round) {
    std::string list;
    for (int i = 0; i < 200; ++i) {
      std::string line = good[below(good.size())];
      for (std::size_t changes = below(3); changes > 0; --changes) {
        const std::size_t place = below(3) == 0 ? below(line.size()) : below(std::min<std::size_t>(line.size(), 12));
        const std::size_t where = below(2) == 0 ? place : line.size() - 1 - place;
        if (below(2) == 0) line.erase(where, 1);
        else line.insert(where, 1, bytes[below(bytes.size())]);
      }
      list += line + "\n";
    }
    write("L", list);
    SCOPED_TRACE(list);
    expect_the_same("-c --warn L", "", "random");
  }
}

TEST_F(TreeHashCheck, OptionsMeanWhatTheyMeanInSha256sum) {
  make_tree();
  const std::string good = std::string(hash_of_a) + "  t/a\n", different = std::string(hash_of_a) + "  t/empty\n",
                    missing = std::string(hash_of_a) + "  t/nothing\n", junk = "junk\n";
  for (const std::string& list : {good, good + junk, good + missing, missing, good + different + missing + junk, junk}) {
    for (int set = 0; set < 16; ++set) {
      std::string words = "--check";
      if (set & 1) words += " --ignore-missing";
      if (set & 2) words += " --strict";
      if (set & 4) words += " --quiet";
      if (set & 8) words += " --status";
      expect_the_same(words, list, words + "\n" + list);
    }
    expect_the_same("-cw --quiet", list, list);
    expect_the_same("--quiet -cw", list, list);
  }
}

TEST_F(TreeHashCheck, AListThatIsNotThereIsAFailure) {
  write("t/a", "a\n");
  write("S", std::string(hash_of_a) + "  t/a\n");
  write("empty", "");
  for (const char* words : {"-c nothing", "-c S nothing", "-c nothing S", "-c empty", "-c S empty"})
    expect_the_same(words, "", words);
  EXPECT_EQ(sh("\"$TH\" -c <&-").code, 1);
  EXPECT_EQ(sh("\"$TH\" -c < t").code, 1);
}

TEST_F(TreeHashCheck, AFullDiskOrAClosedOutputIsAFailure) {
  write("t/a", "a\n");
  write("S", std::string(hash_of_a) + "  t/a\n");
  write("W", std::string(hash_of_a) + "  t/a\njunk\n");
  for (const char* rest : {"-c S > /dev/full", "-c S >&-", "-c --quiet S > /dev/full", "-c --quiet S >&-", "-c --status S >&-",
                           "-c W 2> /dev/full", "-c W 2>&-", "-c S 2>&-"}) {
    const outcome theirs = sh(std::string("sha256sum ") + rest), ours = sh(std::string("\"$TH\" ") + rest);
    EXPECT_EQ(ours.code, theirs.code) << rest;
  }
  EXPECT_THAT(sh("\"$TH\" -c S > /dev/full").error, HasSubstr("write error: No space left on device"));
}

TEST_F(TreeHashCheck, FilesThatCannotBeReadAreFailures) {
  write("t/a", "a\n");
  write("t/x/f", "a\n");
  write("S", std::string(hash_of_a) + "  t/a\n" + hash_of_a + "  t/x/f\n");
  ASSERT_EQ(::chmod(at("t/x").c_str(), 0744), 0);
  const outcome o = as_user("--check S");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.out, "t/a: OK\nt/x/f: FAILED open or read\n");
  EXPECT_THAT(o.error, HasSubstr("t/x/f: Permission denied"));
  write("L", std::string(hash_of_a) + "  t/a\n");
  const outcome with_tree = as_user("--check L t");
  EXPECT_EQ(with_tree.code, 1);
  EXPECT_THAT(with_tree.error, HasSubstr("t/x: this directory can be listed but not entered"));
}

TEST_F(TreeHashCheck, ReadsPipesAsSha256sumDoes) {
  const std::string text(700'000, 'p');
  write("data", text);
  const std::string hash = sha256sum("data").out.substr(0, 64);
  const outcome o = sh("mkfifo p; cat data > p & echo '" + hash + "  p' | \"$TH\" -c");
  EXPECT_EQ(o.code, 0) << o.error;
  EXPECT_EQ(o.out, "p: OK\n");
  write("L", hash + "  -\n");
  expect_the_same("-c L", text, "standard input is listed");
  EXPECT_EQ(tree_hash("-c L", text).code, 0);
}

TEST_F(TreeHashCheck, PrintsInTheOrderOfTheLines) {
  std::string list, expected;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "t/" + std::to_string(i * 7919 % 300);
    write(name, i % 50 == 0 ? std::string(400'000, 'x') : "a\n");
    list += std::string(hash_of_a) + "  " + name + "\n";
    expected += name + (i % 50 == 0 ? ": FAILED\n" : ": OK\n");
  }
  const outcome o = tree_hash("-c", list);
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.out, expected);
}

TEST_F(TreeHashCheck, ADirectoryBesideTheListMustHoldNothingElse) {
  make_tree();
  EXPECT_EQ(tree_hash("t -o t/S").code, 0);
  EXPECT_EQ(tree_hash("--check --quiet t/S t").code, 0);
  EXPECT_EQ(tree_hash("--check --quiet ./t//S ./t/../t").code, 1);  // ".." is not looked through
  EXPECT_EQ(sh("\"$TH\" --check --quiet t/S \"$(pwd)\"/t > t/out; cat t/out").out, "");
  jay::testing::fs::remove(at("t/out"));
  write("t/d/more", "");
  write("t/d/new\nline", "");
  const outcome o = tree_hash("--check --quiet t/S t");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.out, "t/d/more: NOT LISTED\n\\t/d/new\\nline: NOT LISTED\n");
  EXPECT_THAT(o.error, HasSubstr("WARNING: 2 files are in no list"));
  EXPECT_EQ(tree_hash("--check --quiet t/S").code, 0);
  EXPECT_EQ(tree_hash("--check --status t/S t").code, 1);
  EXPECT_EQ(tree_hash("--check --status t/S t").out, "");
  EXPECT_EQ(tree_hash("t --check t/S nothing").code, 1);
}

TEST_F(TreeHashCheck, CtrlCEndsIt) {
  write("endless", "");
  jay::testing::fs::resize_file(at("endless"), std::uintmax_t(1) << 40);
  write("S", std::string(hash_of_a) + "  endless\n");
  bool told = false;
  const outcome o = at_terminal({"--check", "--progress", "S"}, [&](pid_t child, const std::string&) {
    if (told) return;
    told = true;
    EXPECT_EQ(::kill(child, SIGINT), 0);
  });
  EXPECT_EQ(o.code, 130);
  EXPECT_EQ(o.out, "");
}

}  // namespace
