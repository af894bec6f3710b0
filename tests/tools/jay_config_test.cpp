// SPDX-License-Identifier: MIT
// The built `jay` command as a user meets it: output, errors and exit codes of `jay config` and of the command itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include <jay/config.hpp>

namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("open " + path.string() + " failed");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct outcome {
  int code = -1;
  std::string out;
  std::string error;
};

class JayConfig : public ::testing::Test {
 protected:
  JayConfig() {
    std::string name = (fs::temp_directory_path() / "jay_command_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name + " failed");
    directory_ = name;
  }
  ~JayConfig() override {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  // Runs `jay <words>` in the directory of this test, without JAY_ variables of ours. `before` stands before the command:
  // variables for it.
  outcome jay(const std::string& words, const std::string& before = "") const {
    const std::string clean = "unset $(env | sed -n 's/^\\(JAY_[A-Za-z0-9_]*\\)=.*/\\1/p')";
    const std::string line = "cd '" + directory_.string() + "' && { " + clean + "; " + before + " '" JAY_COMMAND "' " +
                             words + "; } >.out 2>.error </dev/null";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(directory_ / ".out"),
            read_file(directory_ / ".error")};
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) const { return read_file(directory_ / name); }
  bool exists(const std::string& name) const { return fs::exists(directory_ / name); }

 private:
  fs::path directory_;
};

TEST_F(JayConfig, InitWritesAFileThatIsGoodAndChangesNothing) {
  const outcome init = jay("config init");
  EXPECT_EQ(init.code, 0) << init.error;
  EXPECT_EQ(init.out, "wrote jay.toml\n");
  const outcome check = jay("config check");
  EXPECT_EQ(check.code, 0) << check.error;
  EXPECT_EQ(check.out, "jay.toml: good\n");
  EXPECT_EQ(jay::config::parse(read("jay.toml")), jay::config());
}

TEST_F(JayConfig, EveryLineOfTheTemplateIsGoodWithoutItsCommentSign) {
  ASSERT_EQ(jay("config init").code, 0);
  std::istringstream lines(read("jay.toml"));
  std::string text;
  std::size_t keys = 0;
  for (std::string line; std::getline(lines, line); text += line + '\n') {
    if (line.size() < 2 || line[0] != '#' || line[1] == ' ') continue;
    line.erase(0, 1);
    ++keys;
  }
  EXPECT_EQ(keys, jay::config::keys().size());
  EXPECT_EQ(jay::config::parse(text), jay::config());
}

TEST_F(JayConfig, InitKeepsAFileThatExists) {
  write("jay.toml", "# mine\n");
  const outcome refused = jay("config init");
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.error, "jay: jay.toml exists; --force replaces it, -o names another file\n");
  EXPECT_EQ(read("jay.toml"), "# mine\n");
  EXPECT_EQ(jay("config init -o other.toml").code, 0);
  EXPECT_EQ(jay("config init --force").code, 0);
  EXPECT_EQ(read("jay.toml"), read("other.toml"));
  EXPECT_EQ(jay("config init -o -").out, read("other.toml"));
}

TEST_F(JayConfig, InitTellsWhyItCannotWrite) {
  const outcome o = jay("config init -o nowhere/jay.toml");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.error, "jay: create nowhere/jay.toml: No such file or directory\n");
  EXPECT_EQ(jay("config init --force -o .").code, 1);
}

TEST_F(JayConfig, CheckShowsEveryMistake) {
  write("jay.toml", "# hello\n\n[scheduler]\nwrkers = 3\nspin = 99999\n");
  const outcome o = jay("config check jay.toml");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.out, "");
  EXPECT_EQ(o.error,
            "jay.toml:4:1: unknown key 'wrkers' in [scheduler]\n"
            "  4 | wrkers = 3\n"
            "    | ^~~~~~  did you mean 'workers'?\n"
            "jay.toml:5:8: scheduler.spin: 99999 is above 10000\n"
            "  5 | spin = 99999\n"
            "    |        ^~~~~  allowed: 0 to 10000 us\n");
}

TEST_F(JayConfig, CheckTellsScriptsInJson) {
  write("jay.toml", "[scheduler]\nspin = 99999\n");
  const outcome bad = jay("config check --json");
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.out,
            "[\n  {\n    \"file\": \"jay.toml\",\n    \"line\": 2,\n    \"column\": 8,\n"
            "    \"message\": \"scheduler.spin: 99999 is above 10000\"\n  }\n]\n");
  write("jay.toml", "");
  const outcome good = jay("config check --json");
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.out, "[]\n");
}

TEST_F(JayConfig, CheckOfWhatIsNoFile) {
  const outcome missing = jay("config check");
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.error, StartsWith("jay.toml: cannot open: No such file or directory (ENOENT)"));
  EXPECT_EQ(jay("config check .").error, ".: is a directory, not a file\n");
}

TEST_F(JayConfig, ShowGivesAFileThatMeansTheSame) {
  write("jay.toml", "[scheduler]\nworkers = 3\norder = \"asyncio\"\n[io]\nshutdown_timeout = \"1500ms\"\n");
  const outcome o = jay("config show");
  EXPECT_EQ(o.code, 0) << o.error;
  EXPECT_EQ(jay::config::parse(o.out), jay::config::parse(read("jay.toml")));
  EXPECT_THAT(o.out, HasSubstr("shutdown_timeout = 1.5\n"));
}

TEST_F(JayConfig, ShowTellsOrigins) {
  write("app.toml", "[scheduler]\nworkers = 3\n");
  const outcome o = jay("config show --origin app.toml", "JAY_SCHEDULER_SPIN=2ms JAY_DEBUG=1");
  EXPECT_EQ(o.code, 0) << o.error;
  EXPECT_THAT(o.out, HasSubstr("workers = 3                 # app.toml:2\n"));
  EXPECT_THAT(o.out, HasSubstr("spin = 2000                 # JAY_SCHEDULER_SPIN\n"));
  EXPECT_THAT(o.out, HasSubstr("enabled = true              # JAY_DEBUG\n"));
  EXPECT_THAT(o.out, HasSubstr("order = \"depth\"             # default\n"));
}

TEST_F(JayConfig, ShowNeedsNoFile) {
  const outcome o = jay("config show --json", "JAY_IO_THREADS=2");
  EXPECT_EQ(o.code, 0) << o.error;
  EXPECT_THAT(o.out, HasSubstr("\"io.threads\": {\n    \"value\": 2,\n    \"origin\": \"environment\",\n"
                               "    \"where\": \"JAY_IO_THREADS\"\n  }"));
  EXPECT_EQ(jay("config show missing.toml").code, 1);
}

TEST_F(JayConfig, ShowRefusesABadEnvironment) {
  const outcome o = jay("config show", "JAY_SCHEDULER_WRKERS=2");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.error, "JAY_SCHEDULER_WRKERS: unknown variable; did you mean JAY_SCHEDULER_WORKERS?\n");
}

TEST_F(JayConfig, SchemaNamesEveryKey) {
  const std::string text = jay("config schema").out;
  const std::string json = jay("config schema --json").out;
  EXPECT_THAT(json, HasSubstr("https://json-schema.org/draft/2020-12/schema"));
  for (const jay::config_key& key : jay::config::keys()) {
    EXPECT_THAT(text, HasSubstr("\n  " + key.name + " = " + key.default_value + '\n'));
    EXPECT_THAT(text, HasSubstr(key.environment));
    EXPECT_THAT(json, HasSubstr('"' + key.name + "\": {"));
  }
}

TEST_F(JayConfig, TheDocumentIsUpToDate) {
  const fs::path document = fs::path(JAY_SOURCE_DIR) / "docs/config.md";
  const std::string text = read_file(document);
  const std::size_t begin = text.find("## [");
  ASSERT_NE(begin, text.npos);
  EXPECT_EQ(jay("config schema --markdown").out, text.substr(begin))
      << "write its end again: jay config schema --markdown";
}

TEST_F(JayConfig, UnknownWordsGetASuggestion) {
  const auto refused = [&](const std::string& words) {
    const outcome o = jay(words);
    EXPECT_EQ(o.code, 2) << words;
    EXPECT_EQ(o.out, "") << words;
    return o.error;
  };
  EXPECT_EQ(refused("cofig init"), "jay: unknown command 'cofig'; did you mean 'config'?\n"
                                   "'jay --help' shows what there is\n");
  EXPECT_THAT(refused("config shwo"), StartsWith("jay config: unknown command 'shwo'; did you mean 'show'?\n"));
  EXPECT_THAT(refused("config show --orign"),
              StartsWith("jay config show: unknown option '--orign'; did you mean '--origin'?\n"));
  EXPECT_THAT(refused("--versio"), StartsWith("jay: unknown option '--versio'; did you mean '--version'?\n"));
  EXPECT_THAT(refused("bananas"), StartsWith("jay: unknown command 'bananas'\n"));
  EXPECT_THAT(refused("config check a b"), StartsWith("jay config check: unknown argument 'b'\n"));
  EXPECT_THAT(refused("config schema --json --markdown"), StartsWith("jay config schema: "));
  EXPECT_THAT(refused("config init -o"), StartsWith("jay config init: "));
}

TEST_F(JayConfig, EveryCommandHasHelpWithAnExampleAndItsExitCodes) {
  for (const char* words : {"", "config", "config init", "config show", "config check", "config schema"}) {
    const outcome o = jay(std::string(words) + " --help");
    EXPECT_EQ(o.code, 0) << words;
    EXPECT_EQ(o.error, "") << words;
    EXPECT_THAT(o.out, AllOf(HasSubstr("Example"), HasSubstr("jay config"), HasSubstr("Exit codes: 0"))) << words;
  }
}

TEST_F(JayConfig, ACommandThatNeedsAnotherWordShowsItsHelp) {
  for (const char* words : {"", "config"}) {
    const outcome o = jay(words);
    EXPECT_EQ(o.code, 2) << words;
    EXPECT_THAT(o.error, HasSubstr("Exit codes: ")) << words;
  }
}

TEST_F(JayConfig, TellsItsVersion) {
  const outcome o = jay("--version");
  EXPECT_EQ(o.code, 0);
  EXPECT_THAT(o.out, StartsWith("jay "));
}

TEST_F(JayConfig, ColoursAreForTerminalsOnly) {
  write("jay.toml", "x = 1\n");
  EXPECT_THAT(jay("config check", "TERM=xterm").error, Not(HasSubstr("\x1b")));
}

TEST_F(JayConfig, AFullDiskIsTold) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const outcome o = jay("config schema >/dev/full");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.error, "jay: write to standard output: No space left on device\n");
}

}  // namespace
