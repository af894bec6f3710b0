// SPDX-License-Identifier: MIT
// What a configuration gives: values, precedence, origins, reload. What is refused stands in config_error_test.cpp.
#include <jay/config.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tests/io/config/config_files.hpp"

namespace config_tests {
namespace {

using Config = ConfigTest;

TEST_F(Config, DefaultsAreInTheStruct) {
  const jay::config c;
  EXPECT_EQ(c.scheduler.workers, 0u);
  EXPECT_EQ(c.scheduler.order, jay::order::depth);
  EXPECT_EQ(c.scheduler.spin, 50u);
  EXPECT_EQ(c.io.threads, 1u);
  EXPECT_TRUE(c.io.help);
  EXPECT_FALSE(c.debug.enabled);
  EXPECT_EQ(c.log.level, jay::log_level::warn);
}

TEST_F(Config, AFileSetsEveryKindOfValue) {
  const jay::config c = jay::config::load(write(R"(
# a comment
[scheduler]
workers = 3
order = "asyncio"
affinity = true
time_slices = false
spin = 0
steal = "half"
fence = "full"

[io]
backend = "io_uring"
shutdown_timeout = 2.5
)"));
  EXPECT_EQ(c.scheduler.workers, 3u);
  EXPECT_EQ(c.scheduler.order, jay::order::asyncio);
  EXPECT_TRUE(c.scheduler.affinity);
  EXPECT_FALSE(c.scheduler.time_slices);
  EXPECT_EQ(c.scheduler.spin, 0u);
  EXPECT_EQ(c.scheduler.steal, jay::steal_policy::half);
  EXPECT_EQ(c.scheduler.fence, jay::fence_policy::full);
  EXPECT_EQ(c.io.backend, jay::io_backend::io_uring);
  EXPECT_EQ(c.io.shutdown_timeout, 2.5);
  EXPECT_EQ(c.io.threads, 1u) << "what the file does not name keeps its default";
}

TEST_F(Config, TablesMayBeDottedKeysAndKeysMayStandInQuotes) {
  EXPECT_EQ(jay::config::parse("scheduler.workers = 4").scheduler.workers, 4u);
  EXPECT_EQ(jay::config::parse("scheduler . \"workers\" = 5").scheduler.workers, 5u);
  EXPECT_EQ(jay::config::parse("[ 'scheduler' ] # a comment\n'workers' = 6 # another").scheduler.workers, 6u);
}

TEST_F(Config, NumbersAreWrittenAsInToml) {
  EXPECT_EQ(jay::config::parse("scheduler.spin = 1_000").scheduler.spin, 1000u);
  EXPECT_EQ(jay::config::parse("scheduler.spin = +7").scheduler.spin, 7u);
  EXPECT_EQ(jay::config::parse("io.shutdown_timeout = 1.5e2").io.shutdown_timeout, 150);
  EXPECT_EQ(jay::config::parse("io.shutdown_timeout = 1_0.2_5").io.shutdown_timeout, 10.25);
}

TEST_F(Config, AnEmptyFileGivesTheDefaults) {
  EXPECT_EQ(jay::config::load(write("")), jay::config());
  EXPECT_EQ(jay::config::load(write("# only a comment")), jay::config());
  EXPECT_EQ(jay::config::load("/dev/null"), jay::config());
}

TEST_F(Config, DurationsMayHaveAUnit) {
  const jay::config c = jay::config::parse(R"(
scheduler.spin = "1.001ms"
io.shutdown_timeout = "2min"
debug.slow_step = "1s"
)");
  EXPECT_EQ(c.scheduler.spin, 1001u);
  EXPECT_EQ(c.io.shutdown_timeout, 120);
  EXPECT_EQ(c.debug.slow_step, 1000u);
  EXPECT_EQ(jay::config::parse("scheduler.spin = \"3000ns\"").scheduler.spin, 3u);
  EXPECT_EQ(jay::config::parse("io.shutdown_timeout = 3").io.shutdown_timeout, 3) << "a whole number is a number too";
}

TEST_F(Config, BoundsAreInclusive) {
  EXPECT_EQ(jay::config::parse("scheduler.workers = 1024").scheduler.workers, 1024u);
  EXPECT_EQ(jay::config::parse("scheduler.spin = 10000").scheduler.spin, 10000u);
  EXPECT_EQ(jay::config::parse("scheduler.spin = \"10ms\"").scheduler.spin, 10000u);
}

TEST_F(Config, ByteOrderMarkAndCarriageReturnsAreAccepted) {
  const jay::config c = jay::config::load(write("\xef\xbb\xbf[scheduler]\r\nworkers = 2\r\n\r\norder = \"asyncio\"\r\n"));
  EXPECT_EQ(c.scheduler.workers, 2u);
  EXPECT_EQ(c.scheduler.order, jay::order::asyncio);
  EXPECT_EQ(origin(c, "scheduler.workers"), path("jay.toml") + ":2");
}

TEST_F(Config, TheEnvironmentWinsOverTheFile) {
  environment("JAY_SCHEDULER_WORKERS", "4");
  environment("JAY_SCHEDULER_ORDER", "asyncio");
  environment("JAY_SCHEDULER_SPIN", "2ms");
  environment("JAY_SCHEDULER_AFFINITY", "On");
  environment("JAY_IO_SHUTDOWN_TIMEOUT", "0.25");
  environment("JAY_IO_HELP", "no");
  const jay::config c = jay::config::load(write("[scheduler]\nworkers = 3\nspin = 7\nframe_cache = 1\n"));
  EXPECT_EQ(c.scheduler.workers, 4u);
  EXPECT_EQ(c.scheduler.order, jay::order::asyncio);
  EXPECT_EQ(c.scheduler.spin, 2000u);
  EXPECT_TRUE(c.scheduler.affinity);
  EXPECT_EQ(c.io.shutdown_timeout, 0.25);
  EXPECT_FALSE(c.io.help);
  EXPECT_EQ(c.scheduler.frame_cache, 1u);
}

TEST_F(Config, JayDebugTurnsOnDebugMode) {
  environment("JAY_DEBUG", "1");
  EXPECT_TRUE(jay::config::from_environment().debug.enabled);
  EXPECT_EQ(origin(jay::config::from_environment(), "debug.enabled"), "JAY_DEBUG");
  environment("JAY_DEBUG", "0");
  EXPECT_FALSE(jay::config::load(write("debug.enabled = true")).debug.enabled);
}

TEST_F(Config, VariablesOfOthersAreIgnored) {
  environment("JAY_HOME", "/somewhere");
  environment("JAY_", "x");
  environment("JAYWALK_SCHEDULER_X", "1");
  EXPECT_EQ(jay::config::from_environment(), jay::config());
}

TEST_F(Config, CodeHasTheLastWord) {
  environment("JAY_SCHEDULER_WORKERS", "4");
  jay::config c = jay::config::load(write("[scheduler]\nspin = 7\n"));
  c.scheduler.workers = 2;
  c.scheduler.order = jay::order::asyncio;
  const jay::config used = c.resolved();
  EXPECT_EQ(used.scheduler.workers, 2u);
  EXPECT_EQ(used.scheduler.order, jay::order::asyncio);
  EXPECT_EQ(used.scheduler.spin, 7u);
}

TEST_F(Config, ADefaultConstructedOneIsResolvedWithTheEnvironment) {
  environment("JAY_SCHEDULER_WORKERS", "4");
  environment("JAY_SCHEDULER_SPIN", "9");
  jay::config c;
  EXPECT_EQ(c.resolved().scheduler.workers, 4u);
  c.scheduler.workers = 2;
  EXPECT_EQ(c.resolved().scheduler.workers, 2u) << "set by code";
  EXPECT_EQ(c.resolved().scheduler.spin, 9u) << "left alone by code";
  EXPECT_EQ(origin(c.resolved(), "scheduler.workers"), "code");
  EXPECT_EQ(origin(c.resolved(), "scheduler.spin"), "JAY_SCHEDULER_SPIN");
}

TEST_F(Config, ALoadedOneIsNotResolvedWithALaterEnvironment) {
  const jay::config c = jay::config::parse("scheduler.workers = 3");
  environment("JAY_SCHEDULER_WORKERS", "4");
  EXPECT_EQ(c.resolved().scheduler.workers, 3u);
}

TEST_F(Config, EffectiveTellsEachValueAndItsOrigin) {
  environment("JAY_SCHEDULER_SPIN", "9");
  jay::config c = jay::config::load(write("\n[scheduler]\nworkers = 3\n"));
  c.io.threads = 2;
  const auto settings = c.effective();
  ASSERT_EQ(settings.size(), jay::config::keys().size());

  const auto find = [&](const std::string& key) {
    for (const jay::config_setting& s : settings) {
      if (s.key == key) return s;
    }
    ADD_FAILURE() << "no key " << key;
    return jay::config_setting();
  };
  EXPECT_EQ(find("scheduler.workers").value, "3");
  EXPECT_EQ(find("scheduler.workers").origin, jay::config_origin::file);
  EXPECT_EQ(find("scheduler.workers").where, path("jay.toml") + ":3");
  EXPECT_EQ(find("scheduler.spin").value, "9");
  EXPECT_EQ(find("scheduler.spin").origin, jay::config_origin::environment);
  EXPECT_EQ(find("scheduler.spin").where, "JAY_SCHEDULER_SPIN");
  EXPECT_EQ(find("io.threads").value, "2");
  EXPECT_EQ(find("io.threads").origin, jay::config_origin::code);
  EXPECT_EQ(find("scheduler.order").value, "\"depth\"");
  EXPECT_EQ(find("scheduler.order").origin, jay::config_origin::default_value);
  EXPECT_EQ(find("scheduler.order").where, "default");
}

TEST_F(Config, EffectiveOfADefaultConstructedOneKnowsWhatCodeSet) {
  jay::config c;
  EXPECT_EQ(origin(c, "scheduler.workers"), "default");
  c.scheduler.workers = 2;
  EXPECT_EQ(origin(c, "scheduler.workers"), "code");
}

TEST_F(Config, CopiesAreIndependent) {
  jay::config a = jay::config::parse("scheduler.workers = 3");
  jay::config b = a;
  b.scheduler.workers = 5;
  EXPECT_EQ(a.scheduler.workers, 3u);
  EXPECT_EQ(origin(a, "scheduler.workers"), "jay.toml:1");
  EXPECT_EQ(origin(b, "scheduler.workers"), "code");
  EXPECT_NE(a, b);
}

TEST_F(Config, ReloadTakesTheNewFileAndKeepsWhatCodeSet) {
  jay::config c = jay::config::load(write("[scheduler]\nworkers = 3\nspin = 7\n"));
  c.io.threads = 2;
  c.reload(write("[scheduler]\nspin = 8\n[io]\nthreads = 5\n"));
  EXPECT_EQ(c.scheduler.workers, 0u) << "no longer in the file";
  EXPECT_EQ(c.scheduler.spin, 8u);
  EXPECT_EQ(c.io.threads, 2u) << "set by code";
  EXPECT_EQ(origin(c, "io.threads"), "code");
  // A file that happens to agree with code does not take the key over.
  c.reload(write("[io]\nthreads = 2\n"));
  c.reload(write("[io]\nthreads = 6\n"));
  EXPECT_EQ(c.io.threads, 2u);
}

TEST_F(Config, ReloadWithABadFileChangesNothing) {
  jay::config c = jay::config::load(write("[scheduler]\nworkers = 3\nspin = 7\n"));
  c.io.threads = 2;
  const jay::config before = c;
  for (const char* bad : {"[scheduler]\nworkers = 5\nwrkers = 1\n", "[scheduler]\nworkers = 5\nspin = 99999\n", "["}) {
    EXPECT_THROW(c.reload(write(bad, "bad.toml")), jay::config_error);
    EXPECT_EQ(c, before);
  }
  EXPECT_THROW(c.reload(path("missing.toml")), jay::config_error);
  environment("JAY_SCHEDULER_SPIN", "nonsense");
  EXPECT_THROW(c.reload(write("[scheduler]\nworkers = 9\n")), jay::config_error);
  EXPECT_EQ(c, before);
  EXPECT_EQ(origin(c, "scheduler.workers"), path("jay.toml") + ":2");
  EXPECT_EQ(origin(c, "io.threads"), "code");
}

TEST_F(Config, ValuesSetByCodeAreHeldToTheSameBounds) {
  const auto refused = [](const jay::config& c) -> std::string {
    try {
      (void)c.resolved();
    } catch (const jay::config_error& e) {
      EXPECT_EQ(e.line(), 0u);
      return e.what();
    }
    return "accepted";
  };
  jay::config c;
  c.scheduler.spin = 99999;
  EXPECT_EQ(refused(c), "config: scheduler.spin: 99999 is above 10000 (set by code)");
  c = jay::config();
  c.io.shutdown_timeout = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refused(c), "config: io.shutdown_timeout: nan is not a number (set by code)");
  c.io.shutdown_timeout = -1;
  EXPECT_EQ(refused(c), "config: io.shutdown_timeout: -1 is below 0 (set by code)");
  c = jay::config();
  c.scheduler.order = static_cast<jay::order>(7);
  EXPECT_EQ(refused(c), "config: scheduler.order: 7 is not \"depth\" or \"asyncio\" (set by code)");
}

TEST_F(Config, EveryKeyIsDescribed) {
  const auto keys = jay::config::keys();
  ASSERT_FALSE(keys.empty());
  for (const jay::config_key& key : keys) {
    SCOPED_TRACE(key.table + '.' + key.name);
    EXPECT_FALSE(key.doc.empty());
    EXPECT_EQ(key.doc.back(), '.');
    EXPECT_FALSE(key.default_value.empty());
    EXPECT_EQ(key.environment.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), std::string::npos);
    // The default is a value that the file accepts, and means the default.
    EXPECT_EQ(jay::config::parse('[' + key.table + "]\n" + key.name + " = " + key.default_value), jay::config());
  }
}

TEST_F(Config, EveryWordOfEveryChoiceIsAccepted) {
  for (const jay::config_key& key : jay::config::keys()) {
    for (const std::string& word : key.choices) {
      const jay::config c = jay::config::parse(key.table + '.' + key.name + " = \"" + word + '"');
      bool found = false;
      for (const jay::config_setting& s : c.effective()) {
        if (s.key != key.table + '.' + key.name) continue;
        found = true;
        EXPECT_EQ(s.value, '"' + word + '"');
      }
      EXPECT_TRUE(found);
    }
  }
}

}  // namespace
}  // namespace config_tests
