// SPDX-License-Identifier: MIT
// What a configuration refuses, and how it says so.
#include <jay/config.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <random>
#include <string>
#include <type_traits>

#include "tests/io/config/config_files.hpp"

namespace config_tests {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using ConfigError = ConfigTest;

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST_F(ConfigError, TellsPlaceLineAndCarets) {
  EXPECT_EQ(report_of("# workers\n\n[scheduler]\nwrkers = 3\n"),
            "jay.toml:4:1: unknown key 'wrkers' in [scheduler]\n"
            "  4 | wrkers = 3\n"
            "    | ^~~~~~  did you mean 'workers'?");
}

TEST_F(ConfigError, WhatBeginsWithFileAndLine) {
  const jay::config_error e = error_of("[scheduler]\n\n\n\n\n\n\n\n\n\n\n spin = 99999\n");
  EXPECT_STREQ(e.what(),
               "jay.toml:12: scheduler.spin: 99999 is above 10000\n"
               " 12 |  spin = 99999\n"
               "    |         ^~~~~  allowed: 0 to 10000 us");
  EXPECT_EQ(e.message(), "scheduler.spin: 99999 is above 10000");
  EXPECT_EQ(e.file(), "jay.toml");
  EXPECT_EQ(e.line(), 12u);
  EXPECT_EQ(e.column(), 9u);
  EXPECT_EQ(e.snippet(), " 12 |  spin = 99999\n    |         ^~~~~  allowed: 0 to 10000 us");
  static_assert(std::is_base_of_v<std::runtime_error, jay::config_error>);
  static_assert(std::is_nothrow_copy_constructible_v<jay::config_error>);
}

TEST_F(ConfigError, NamesTheFileAsItWasGiven) {
  const std::string file = write("x = 1");
  try {
    (void)jay::config::load(file);
    FAIL() << "accepted";
  } catch (const jay::config_error& e) {
    EXPECT_EQ(e.file(), file);
    EXPECT_THAT(e.what(), StartsWith(file + ":1: unknown key 'x'"));
  }
}

TEST_F(ConfigError, UnknownKeys) {
  EXPECT_THAT(report_of("[io]\nframe_cache = 1"), HasSubstr("unknown key 'frame_cache' in [io]"));
  EXPECT_THAT(report_of("[io]\nframe_cache = 1"), HasSubstr("it belongs below [scheduler]"));
  EXPECT_THAT(report_of("[io]\nbananas = 1"), HasSubstr("keys: threads, backend, help"));
  EXPECT_THAT(report_of("workers = 1"), HasSubstr("jay.toml:1:1: unknown key 'workers' outside of any table"));
  EXPECT_THAT(report_of("workers = 1"), HasSubstr("it belongs below [scheduler]"));
  EXPECT_THAT(report_of("[io.threads]\n"), HasSubstr("io.threads: expected a whole number, found a table"));
}

TEST_F(ConfigError, UnknownTables) {
  EXPECT_EQ(report_of("[schedulr]\nworkers = 1"),
            "jay.toml:1:2: unknown table [schedulr]\n"
            "  1 | [schedulr]\n"
            "    |  ^~~~~~~~  did you mean [scheduler]?");
  EXPECT_THAT(report_of("[bananas]"), HasSubstr("tables: scheduler, io, debug, log"));
  EXPECT_THAT(report_of("io = 3"), HasSubstr("io: expected a table, found the whole number 3"));
  EXPECT_THAT(report_of("[[io]]"), HasSubstr("io: expected a table, found [[...]], an array of tables"));
  EXPECT_EQ(report_of("scheduler = { workers = 5 }"),
            "jay.toml:1:1: scheduler: expected a table, found a table in braces\n"
            "  1 | scheduler = { workers = 5 }\n"
            "    | ^~~~~~~~~  write [scheduler], and its keys below it");
}

TEST_F(ConfigError, WrongTypes) {
  EXPECT_EQ(report_of("scheduler.workers = \"four\""),
            "jay.toml:1:21: scheduler.workers: expected a whole number, found text \"four\"\n"
            "  1 | scheduler.workers = \"four\"\n"
            "    |                     ^~~~~~  allowed: 0 to 1024");
  EXPECT_THAT(report_of("scheduler.workers = 1.5"), HasSubstr("expected a whole number, found the number 1.5"));
  EXPECT_THAT(report_of("scheduler.workers = [1]"), HasSubstr("expected a whole number, found an array"));
  EXPECT_THAT(report_of("scheduler.workers = 2024-01-01"), HasSubstr("'2024-01-01' is no value"));
  EXPECT_THAT(report_of("io.help = 1"), HasSubstr("io.help: expected true or false, found the whole number 1"));
  EXPECT_THAT(report_of("io.help = \"true\""), HasSubstr("expected true or false, found text \"true\""));
  EXPECT_THAT(report_of("scheduler.order = true"), HasSubstr("expected \"depth\" or \"asyncio\", found true"));
  EXPECT_THAT(report_of("io.shutdown_timeout = true"), HasSubstr("expected a number, found true"));
}

TEST_F(ConfigError, OutOfRange) {
  EXPECT_EQ(error_of("scheduler.workers = 1025").message(), "scheduler.workers: 1025 is above 1024");
  EXPECT_EQ(error_of("scheduler.workers = -1").message(), "scheduler.workers: -1 is below 0");
  EXPECT_EQ(error_of("scheduler.workers = 9223372036854775807").message(),
            "scheduler.workers: 9223372036854775807 is above 1024");
  EXPECT_THAT(report_of("scheduler.workers = 99999999999999999999"), StartsWith("jay.toml:1:"));
  EXPECT_EQ(error_of("io.shutdown_timeout = nan").message(), "io.shutdown_timeout: nan is not a number");
  EXPECT_EQ(error_of("io.shutdown_timeout = inf").message(), "io.shutdown_timeout: inf is above 86400");
  EXPECT_EQ(error_of("io.shutdown_timeout = -0.5").message(), "io.shutdown_timeout: -0.5 is below 0");
  EXPECT_THAT(report_of("scheduler.order = \"dept\""), HasSubstr("\"dept\" is not \"depth\" or \"asyncio\""));
  EXPECT_THAT(report_of("scheduler.order = \"dept\""), HasSubstr("did you mean \"depth\"?"));
  EXPECT_THAT(report_of("scheduler.order = \"\""), HasSubstr("\"\" is not \"depth\" or \"asyncio\""));
}

TEST_F(ConfigError, BadUnits) {
  EXPECT_EQ(report_of("scheduler.spin = \"5parsec\""),
            "jay.toml:1:18: scheduler.spin: \"5parsec\" has an unknown unit 'parsec'\n"
            "  1 | scheduler.spin = \"5parsec\"\n"
            "    |                  ^~~~~~~~~  units: ns, us, ms, s, min or h");
  EXPECT_EQ(error_of("scheduler.spin = \"20ms\"").message(), "scheduler.spin: 20ms is above 10000us");
  EXPECT_EQ(error_of("scheduler.spin = \"1500ns\"").message(), "scheduler.spin: 1500ns is not a whole number of us");
  EXPECT_EQ(error_of("scheduler.spin = \"5\"").message(), "scheduler.spin: \"5\" has no unit");
  for (const char* text : {"", "ms", "- 5ms", "1.2.3ms", "--5ms", ".ms", " 5ms"}) {
    EXPECT_THAT(error_of(std::string("scheduler.spin = \"") + text + '"').message(), HasSubstr("is not a duration"))
        << text;
  }
  EXPECT_THAT(error_of("scheduler.workers = \"4s\"").message(), HasSubstr("expected a whole number"));
}

TEST_F(ConfigError, DuplicateKeys) {
  EXPECT_EQ(report_of("[scheduler]\nworkers = 1\n\n  workers = 2\n"),
            "jay.toml:4:3: duplicate key 'workers' in [scheduler]\n"
            "  4 |   workers = 2\n"
            "    |   ^~~~~~~  already set in line 2");
  EXPECT_THAT(report_of("scheduler.spin = 1\nscheduler.spin.x = 2"), StartsWith("jay.toml:2:1: duplicate key 'scheduler.spin.x'\n"));
  EXPECT_THAT(report_of("scheduler.workers = 1\nscheduler.workers = 1"),
              StartsWith("jay.toml:2:1: duplicate key 'scheduler.workers'\n"));
}

TEST_F(ConfigError, DuplicateTables) {
  EXPECT_EQ(report_of("[scheduler]\nworkers = 1\n[io]\n[scheduler]\nspin = 1\n"),
            "jay.toml:4:1: duplicate table [scheduler]\n"
            "  4 | [scheduler]\n"
            "    | ^~~~~~~~~~~  it began in line 1; put its keys there");
  EXPECT_THAT(report_of("scheduler.spin = 1\n[scheduler]\nworkers = 1"), StartsWith("jay.toml:2:"));
}

TEST_F(ConfigError, Syntax) {
  EXPECT_EQ(report_of("[scheduler]\nworkers 1\n"),
            "jay.toml:2:9: expected '=', saw '1'\n"
            "  2 | workers 1\n"
            "    |         ^");
  EXPECT_EQ(report_of("scheduler.order = depth"),
            "jay.toml:1:19: 'depth' is no value\n"
            "  1 | scheduler.order = depth\n"
            "    |                   ^~~~~  text stands in quotes");
  EXPECT_EQ(report_of("[io]\nbackend = \"auto\n"),
            "jay.toml:2:11: text without a closing quote on its line\n"
            "  2 | backend = \"auto\n"
            "    |           ^");
  EXPECT_THAT(report_of("x = \"\"\"\na\"\"\""), HasSubstr("text in three quotes"));
  EXPECT_THAT(report_of("[io] threads = 1"), HasSubstr("expected the end of the line, saw 't'"));
  EXPECT_THAT(report_of("io.threads ="), HasSubstr("expected a value, saw the end of the file"));
  EXPECT_THAT(report_of("[io"), HasSubstr("expected ']', saw the end of the file"));
  for (const char* number : {"007", "1.", ".5", "_1", "1_", "1__0", "0x10", "+", "--1", "1e", "1._5", "1_.5"}) {
    EXPECT_THAT(report_of(std::string("io.threads = ") + number), StartsWith("jay.toml:1:14: ")) << number;
  }
  for (const char* text : {"[", "[scheduler", "x", "x =", "x = \"", "x = '''", "[]", "= 1", "\"", "[scheduler]]", "x = {",
                           "x = [1,", "x = 1 y = 2", "a\rb", "x = \"\\q\"", "[=]", "[[=]]", "[.x]", "[[[x]]]", "[ [x]]", "[\n]", "[#]", "[\xc3\xa9]", "\xc3\xa9 = 1",
                           "w\xef\xbb\xbd[x]"}) {
    const jay::config_error e = error_of(text);
    EXPECT_EQ(e.line(), 1u) << text;
    EXPECT_GE(e.column(), 1u) << text;
  }
}

TEST_F(ConfigError, ReadingGoesOnBehindALineThatIsWrong) {
  EXPECT_EQ(report_of("# a date\nworkers = 1979-05-27Tp7:32:00Z\n[io]\n"),
            "jay.toml:2:11: '1979-05-27Tp7:32:00Z' is no value\n"
            "  2 | workers = 1979-05-27Tp7:32:00Z\n"
            "    |           ^~~~~~~~~~~~~~~~~~~~  text stands in quotes");
  EXPECT_THAT(report_of("x = 1979-05-27T'07:32:0\xce\x8a"), StartsWith("jay.toml:1:"));
  std::vector<std::uint32_t> lines;
  const std::string file = write("[scheduler\nworkers = 4\n[io]\nthreads 1\nhelp = yes\nspin = 99999\n");
  for (const jay::config_error& e : jay::config::problems(file)) lines.push_back(e.line());
  EXPECT_EQ(lines, (std::vector<std::uint32_t>{1, 4, 5, 6})) << "what stands below a broken header is not judged";
}

TEST_F(ConfigError, TheFirstMistakeIsToldAndProblemsTellsAll) {
  const std::string file = write("[scheduler]\nworkers = 4000\nspin = 1\nordr = \"depth\"\n[log]\nlevel = 3\n[io]\nx = 1\n");
  try {
    (void)jay::config::load(file);
    FAIL() << "accepted";
  } catch (const jay::config_error& e) {
    EXPECT_EQ(e.line(), 2u);
  }
  std::vector<std::uint32_t> lines;
  for (const jay::config_error& e : jay::config::problems(file)) lines.push_back(e.line());
  EXPECT_EQ(lines, (std::vector<std::uint32_t>{2, 4, 6, 8}));
  EXPECT_TRUE(jay::config::problems(write("[scheduler]\nworkers = 4\n")).empty());
  EXPECT_EQ(jay::config::problems(path("missing")).size(), 1u);
}

TEST_F(ConfigError, FilesThatCannotBeRead) {
  const auto refused = [](const std::string& file) -> std::string {
    try {
      (void)jay::config::load(file);
    } catch (const jay::config_error& e) {
      EXPECT_EQ(e.line(), 0u);
      return e.what();
    }
    return "accepted";
  };
  const std::string missing = path("missing.toml");
  EXPECT_EQ(refused(missing), missing + ": cannot open: No such file or directory (ENOENT); "
                                        "'jay config init' writes a template");
  EXPECT_THAT(refused(""), HasSubstr("ENOENT"));
  EXPECT_EQ(refused(path("")), path("") + ": is a directory, not a file");
  EXPECT_THAT(refused(write("") + "/x"), HasSubstr("ENOTDIR"));
  EXPECT_THAT(refused(path(std::string(5000, 'x'))), HasSubstr("ENAMETOOLONG"));
  EXPECT_THAT(refused(std::string("a\0b", 3)), HasSubstr("NUL byte in the path"));

  const std::string loop = path("loop");
  std::filesystem::create_symlink(loop, loop);
  EXPECT_THAT(refused(loop), HasSubstr("ELOOP"));

  const std::string pipe = path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(refused(pipe), pipe + ": is not a regular file") << "and nobody waited for a writer";

  if (::geteuid() != 0) {
    const std::string secret = write("", "secret.toml");
    ASSERT_EQ(::chmod(secret.c_str(), 0), 0);
    EXPECT_THAT(refused(secret), HasSubstr("cannot open: Permission denied (EACCES)"));
  }
}

TEST_F(ConfigError, HugeFiles) {
  const std::string huge = write("");
  std::filesystem::resize_file(huge, std::uintmax_t{1} << 30);
  EXPECT_THROW((void)jay::config::load(huge), jay::config_error);
  EXPECT_THAT(jay::config::problems(huge).at(0).what(), HasSubstr("is larger than 1024 KiB"));
  EXPECT_THAT(jay::config::problems("/dev/zero").at(0).what(), HasSubstr("is larger than 1024 KiB"));
  EXPECT_EQ(jay::config::load(write(std::string(1024 * 1024, '\n'))), jay::config()) << "the limit itself is accepted";
}

TEST_F(ConfigError, TextThatIsNotUtf8) {
  EXPECT_EQ(report_of("[io]\n# caf\xe9\n"),
            "jay.toml:2:6: not UTF-8: byte 0xe9\n"
            "  2 | # caf?\n"
            "    |      ^  save the file as UTF-8");
  for (const char* bad : {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8"}) {
    EXPECT_THAT(report_of(std::string("# ") + bad), HasSubstr("jay.toml:1:3: not UTF-8")) << std::string(bad);
    EXPECT_THAT(report_of(std::string("x = \"") + bad + '"'), HasSubstr("jay.toml:1:6: not UTF-8")) << std::string(bad);
  }
  EXPECT_THAT(report_of(std::string("\xff\xfe[\0", 4)), HasSubstr("UTF-16"));
  EXPECT_EQ(jay::config::parse("# caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa6\n"), jay::config());
}

TEST_F(ConfigError, NulBytes) {
  for (const char* before : {"", "# comment ", "x = \"", "[scheduler]\nworkers = 1", "x = '''\n"}) {
    EXPECT_THAT(report_of(std::string(before) + '\0' + "\n"), HasSubstr("a NUL byte"));
  }
}

TEST_F(ConfigError, NestingOfAnyDepthIsRefusedAndNeverOverflowsTheStack) {
  for (const int depth : {100, 10000, 200000}) {
    const std::string dots = repeated("a.", depth) + "a";
    EXPECT_THAT(report_of("[" + dots + "]"), HasSubstr("a key of more than"));
    EXPECT_THAT(report_of("[[" + dots + "]]"), HasSubstr("a key of more than"));
    EXPECT_THAT(report_of(dots + " = 1"), HasSubstr("a key of more than"));
    EXPECT_THAT(report_of(repeated("\"a\" . ", depth) + "a = 1"), HasSubstr("a key of more than"));
    EXPECT_THAT(report_of("# \"\"\"\n" + dots + " = 1"), HasSubstr("a key of more than"));
    EXPECT_THAT(report_of("scheduler.spin = " + repeated("[", depth) + repeated("]", depth)), HasSubstr("found an array"));
    EXPECT_THAT(report_of("scheduler.spin = " + repeated("{a=", depth) + "1" + repeated("}", depth)), HasSubstr("found a table"));
    EXPECT_THAT(report_of("scheduler.spin = " + repeated("[\n", depth)), HasSubstr("found an array"));
  }
}

TEST_F(ConfigError, DotsAndBracketsInTextAreNoNesting) {
  const std::string dots = repeated(".", 1000) + repeated("[{", 1000);
  EXPECT_EQ(jay::config::parse("# " + dots + "\n"), jay::config());
  EXPECT_THAT(report_of("x = \"" + dots + "\""), HasSubstr("unknown key 'x'"));
  EXPECT_THAT(report_of("x = '" + dots + "'"), HasSubstr("unknown key 'x'"));
  EXPECT_THAT(report_of("x = \"\\\"" + dots + "\""), HasSubstr("unknown key 'x'"));
}

TEST_F(ConfigError, ManyMistakesAreBounded) {
  std::string text;
  for (int i = 0; i < 50000; ++i) text += "k" + std::to_string(i) + " = 1\n";
  EXPECT_EQ(jay::config::problems(write(text)).size(), 100u);
}

TEST_F(ConfigError, ReportsAreFitForATerminal) {
  // A file may come from anywhere: no escape sequence of it reaches the terminal, and a line of any length fits.
  const std::string escapes = report_of("\"\\b[31m\xc2\x9b\" = 1");
  EXPECT_EQ(escapes.find('\x1b'), std::string::npos);
  EXPECT_EQ(escapes.find("\xc2\x9b"), std::string::npos);
  EXPECT_THAT(escapes, HasSubstr("\\x08"));
  EXPECT_LT(report_of(std::string(500000, 'k') + " = 1").size(), 1000u);
  EXPECT_LT(report_of("scheduler.order = \"" + std::string(500000, 'v') + '"').size(), 1000u);
  EXPECT_THAT(report_of("x = \"" + std::string(5000, 'y') + "\" z"), HasSubstr("\n  1 | ..."));
}

TEST_F(ConfigError, CaretsStandBelowTheMistakeAlsoBehindTabsAndOtherAlphabets) {
  EXPECT_EQ(report_of("[scheduler]\n\tspin = 99999"),
            "jay.toml:2:9: scheduler.spin: 99999 is above 10000\n"
            "  2 |  spin = 99999\n"
            "    |         ^~~~~  allowed: 0 to 10000 us");
  EXPECT_EQ(report_of("\"\xc3\xa9\xc3\xa9\" = 1\n"),
            "jay.toml:1:1: unknown key '\xc3\xa9\xc3\xa9' outside of any table\n"
            "  1 | \"\xc3\xa9\xc3\xa9\" = 1\n"
            "    | ^~~~  tables: scheduler, io, debug, log");
}

TEST_F(ConfigError, MalformedEnvironment) {
  const auto refused = [&](const std::string& name, const std::string& value) -> std::string {
    environment(name, value);
    std::string out = "accepted";
    try {
      (void)jay::config::load("/dev/null");
    } catch (const jay::config_error& e) {
      EXPECT_EQ(e.file(), name);
      out = e.what();
    }
    EXPECT_THROW((void)jay::config::from_environment(), jay::config_error);
    EXPECT_THROW((void)jay::config().resolved(), jay::config_error) << "as run() does";
    ::unsetenv(name.c_str());
    return out;
  };
  EXPECT_EQ(refused("JAY_SCHEDULER_SPIN", "99999"),
            "JAY_SCHEDULER_SPIN: scheduler.spin: 99999 is above 10000 (allowed: 0 to 10000 us)");
  EXPECT_EQ(refused("JAY_SCHEDULER_WORKERS", "four"),
            "JAY_SCHEDULER_WORKERS: scheduler.workers: \"four\" is not a whole number (allowed: 0 to 1024)");
  for (const char* text : {" 4", "4 ", "+4", "0x4", "1e3", "4.5", "inf", "nan", "4;5", "-", "."}) {
    EXPECT_THAT(refused("JAY_SCHEDULER_WORKERS", text), StartsWith("JAY_SCHEDULER_WORKERS: scheduler.workers: ")) << text;
  }
  EXPECT_THAT(refused("JAY_SCHEDULER_WORKERS", ""), HasSubstr("is set but empty"));
  EXPECT_THAT(refused("JAY_DEBUG", "maybe"), HasSubstr("debug.enabled: \"maybe\" is neither true nor false"));
  EXPECT_THAT(refused("JAY_SCHEDULER_ORDER", "Depth"), HasSubstr("did you mean \"depth\"?"));
  EXPECT_THAT(refused("JAY_SCHEDULER_SPIN", "5parsec"), HasSubstr("unknown unit 'parsec'"));
  EXPECT_EQ(refused("JAY_SCHEDULER_WRKERS", "4"),
            "JAY_SCHEDULER_WRKERS: unknown variable; did you mean JAY_SCHEDULER_WORKERS?");
  EXPECT_THAT(refused("JAY_IO_XYZZY", "4"), HasSubstr("unknown variable; 'jay config schema' lists all keys"));
  EXPECT_THAT(refused("JAY_SCHEDULER_WORKERS", "\x1b[31m\xff"), HasSubstr("\\x1b[31m\\xff"));
}

TEST_F(ConfigError, TwoVariablesForOneKeyMustAgree) {
  environment("JAY_DEBUG", "1");
  environment("JAY_DEBUG_ENABLED", "true");
  EXPECT_TRUE(jay::config::from_environment().debug.enabled);
  environment("JAY_DEBUG_ENABLED", "false");
  EXPECT_THROW((void)jay::config::from_environment(), jay::config_error);
}

// Random damage to a good file: it is accepted or refused with an error, and nothing else happens.
TEST_F(ConfigError, RandomDamageGivesAnErrorOrAConfiguration) {
  const std::string good =
      "# comment\n[scheduler]\nworkers = 3\norder = \"asyncio\"\nspin = \"2ms\"\n\n[io]\nhelp = false\n"
      "shutdown_timeout = 2.5\n[debug]\nenabled = true\n[log]\nlevel = 'info'\n";
  // Single bytes, so that most of what is no ASCII becomes broken UTF-8 too. The NUL ends the literal.
  static constexpr char alphabet[] = "\n\r\t \"'\\[]{}=.,#-+_019aeinuxU\x7f\xc3\xa9\xff\xe2\x80\xa8";
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int accepted = 0;
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text = good;
    for (auto changes = 1 + random() % 8; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0: text.erase(at, 1 + random() % 8); break;
        case 1: text.insert(at, 1, alphabet[random() % sizeof alphabet]); break;
        case 2: text[at] = alphabet[random() % sizeof alphabet]; break;
        default: text.insert(at, text.substr(random() % text.size(), random() % 40)); break;
      }
      if (text.empty()) text = "x";
    }
    try {
      (void)jay::config::parse(text);
      ++accepted;
    } catch (const jay::config_error& e) {
      ++refused;
      ASSERT_GE(e.line(), 1u) << text;
      ASSERT_GE(e.column(), 1u) << text;
      ASSERT_FALSE(e.snippet().empty()) << text;
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace config_tests
