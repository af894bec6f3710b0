// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <jay/jay.hpp>

#include "tests/differential/beside.hpp"
#include "tests/differential/programs/programs.hpp"
#include "tests/support/scratch_directory.hpp"

namespace jay::differential::programs {
namespace {

using transcript = std::vector<std::string>;

struct said_lines {
  std::mutex mutex;
  transcript lines;
};
said_lines& said() {
  static said_lines s;
  return s;
}

std::map<std::string, std::set<std::string>>& enlisted() {
  static std::map<std::string, std::set<std::string>> all;
  return all;
}

/// ABoundOne: a_bound_one.
std::string snake(std::string_view camel) {
  std::string s;
  for (char c : camel) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isupper(u) && !s.empty()) s += '_';
    s += static_cast<char>(std::tolower(u));
  }
  return s;
}

/// What CPython's programs of a theme say. They are run once in a process.
const std::map<std::string, transcript>& python(const std::string& theme) {
  static std::map<std::string, std::map<std::string, transcript>> themes;
  auto [at, fresh] = themes.try_emplace(theme);
  if (!fresh) return at->second;
  jay::testing::scratch_directory scratch;
  const std::string out = scratch.file("said");
  const std::string command = JAY_PYTHON " -B " JAY_PROGRAMS "/run.py " + theme + " >" + out;
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream file(out);
  transcript* to = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("= ")) to = &at->second[line.substr(2)];
    else if (to) to->push_back(line);
  }
  return at->second;
}

template <class Run>
void compare_run(const char* theme, const char* name, Run run) {
  const auto& all = python(snake(theme));
  auto expected = all.find(snake(name));
  ASSERT_NE(expected, all.end()) << snake(theme) << ".py has no program " << snake(name);
  {
    std::lock_guard g(said().mutex);
    said().lines.clear();
  }
  try {
    run();
  } catch (...) {
    say("ended with", std::current_exception());
  }
  std::lock_guard g(said().mutex);
  EXPECT_FALSE(said().lines.empty()) << "it says nothing, so it shows nothing";
  EXPECT_TRUE(said().lines == expected->second) << "CPython, jay:\n" << beside(expected->second, said().lines);
}

/// Every program has its counterpart.
TEST(SmallPrograms, OfPythonAreAlsoInCpp) {
  for (const auto& file : std::filesystem::directory_iterator(JAY_PROGRAMS)) {
    const std::string theme = file.path().stem();
    if (file.path().extension() != ".py" || theme == "run" || theme == "programs") continue;
    std::set<std::string> ours;
    for (const auto& [name, programs] : enlisted())
      if (snake(name) == theme)
        for (const std::string& one : programs) ours.insert(snake(one));
    for (const auto& [name, lines] : python(theme)) EXPECT_TRUE(ours.contains(name)) << theme << ".py: " << name;
  }
}
TEST(SmallPrograms, AreAtLeastAHundred) {
  std::size_t n = 0;
  for (const auto& [theme, programs] : enlisted()) n += programs.size();
  EXPECT_GE(n, 100u);
}

}  // namespace

bool enlist(const char* theme, const char* name) { return enlisted()[theme].insert(name).second; }

void say_line(std::string line) {
  std::lock_guard g(said().mutex);
  said().lines.push_back(std::move(line));
}

jay::config in_order() {
  jay::config c;
  c.scheduler.order = jay::order::asyncio;
  return c;
}

void compare(const char* theme, const char* name, jay::task<> (*program)()) {
  compare_run(theme, name, [&] { jay::run(program(), in_order()); });
}
void compare(const char* theme, const char* name, void (*program)()) { compare_run(theme, name, program); }

std::string error(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const jay::cancelled_error& c) {
    return "cancelled(" + c.message() + ")";
  } catch (const jay::keyboard_interrupt&) {
    return "keyboard interrupt";
  } catch (const jay::exception_group& g) {
    std::string s;
    for (const std::exception_ptr& one : g.exceptions()) s += (s.empty() ? "" : ", ") + error(one);
    return "group[" + s + "]";
  } catch (const oops& o) {
    return "oops(" + std::string(o.what()) + ")";
  } catch (const jay::incomplete_read_error& i) {
    return "incomplete(" + i.partial + ", " + text(i.expected) + ")";
  } catch (const jay::limit_overrun_error& l) {
    return "limit overrun(" + text(l.consumed) + ")";
  } catch (const jay::timeout_error&) {
    return "timeout";
  } catch (const jay::invalid_state_error&) {
    return "invalid state";
  } catch (const jay::queue_empty&) {
    return "queue empty";
  } catch (const jay::queue_full&) {
    return "queue full";
  } catch (const jay::queue_shut_down&) {
    return "queue shut down";
  } catch (const jay::broken_barrier_error&) {
    return "broken barrier";
  } catch (const std::system_error&) {
    return "os error";
  } catch (const std::invalid_argument&) {
    return "value error";
  } catch (const std::runtime_error&) {
    return "runtime error";
  }
}

jay::task<> turns(int n) {
  for (int i = 0; i < n; ++i) co_await jay::sleep(0s);
}
jay::task<> forever() {
  auto [p, f] = jay::with_resolvers<void>();
  co_await f;
}
jay::task<int> value_after(int n, int value) {
  co_await turns(n);
  co_return value;
}
jay::task<int> oops_after(int n, std::string message) {
  co_await turns(n);
  throw oops(message);
}

}  // namespace jay::differential::programs
