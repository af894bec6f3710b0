// SPDX-License-Identifier: MIT
// jay config init | show | check | schema
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include <jay/config.hpp>

#include "commands.hpp"
#include "config_text.hpp"
#include "terminal.hpp"

namespace jay_tool {
namespace {

constexpr const char* default_file = "jay.toml";

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void write_all(int fd, const std::string& text, const std::string& path) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_errno("write " + path);
    done += static_cast<std::size_t>(n);
  }
}

// A file that exists is replaced by renaming, so that nobody ever sees half a file and a full disk costs nothing.
void write_file(const std::string& path, const std::string& text, bool replace) {
  const std::string written = replace ? fmt::format("{}.{}.tmp", path, ::getpid()) : path;
  const int fd = ::open(written.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST && !replace) {
    throw std::runtime_error(path + " exists; --force replaces it, -o names another file");
  }
  if (fd < 0) throw_errno("create " + written);
  try {
    write_all(fd, text, written);
    if (replace && ::rename(written.c_str(), path.c_str()) != 0) throw_errno("replace " + path);
  } catch (...) {
    ::close(fd);
    ::unlink(written.c_str());
    throw;
  }
  ::close(fd);
}

void add_init(CLI::App& config) {
  struct options {
    std::string output = default_file;
    bool force = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* init = config.add_subcommand("init", "Write a jay.toml in which every key is explained");
  init->add_option("-o,--output", o->output, "The file to write; - is standard output")->type_name("FILE");
  init->add_flag("--force", o->force, "Replace the file if it exists");
  init->footer(
      "Example:\n"
      "  jay config init -o app.toml\n\n"
      "Exit codes: 0 written; 1 it exists already or cannot be written; 2 wrong usage.");
  init->callback([o] {
    if (o->output == "-") {
      fmt::print("{}", config_template());
      return;
    }
    write_file(o->output, config_template(), o->force);
    fmt::print("wrote {}\n", o->output);
  });
}

void add_show(CLI::App& config) {
  struct options {
    std::string file;
    bool origin = false;
    bool json = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* show = config.add_subcommand("show", "Show every value: defaults, then the file, then the environment");
  show->add_option("file", o->file, "The file to read; jay.toml where that exists if none is named")->type_name("FILE");
  show->add_flag("--origin", o->origin, "Tell where each value comes from");
  show->add_flag("--json", o->json, "For scripts: each key with value, origin and place");
  show->footer(
      "Example:\n"
      "  JAY_SCHEDULER_WORKERS=2 jay config show --origin jay.toml\n\n"
      "Exit codes: 0 shown; 1 a mistake in the file or the environment; 2 wrong usage.");
  show->callback([o] {
    if (o->file.empty() && ::access(default_file, F_OK) == 0) o->file = default_file;
    const jay::config c = o->file.empty() ? jay::config::from_environment() : jay::config::load(o->file);
    fmt::print("{}", o->json ? effective_json(c) : effective_toml(c, o->origin));
  });
}

std::string problems_json(const std::vector<jay::config_error>& problems) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const jay::config_error& e : problems) {
    out.push_back({{"file", e.file()}, {"line", e.line()}, {"column", e.column()}, {"message", e.message()}});
  }
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

void add_check(CLI::App& config) {
  struct options {
    std::string file = default_file;
    bool json = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* check = config.add_subcommand("check", "Find the mistakes in a file");
  check->add_option("file", o->file, "The file to check; jay.toml if none is named")->type_name("FILE");
  check->add_flag("--json", o->json, "For scripts: the mistakes as an array, empty where there are none");
  check->footer(
      "Example:\n"
      "  jay config check jay.toml\n\n"
      "Exit codes: 0 good; 1 mistakes, or it cannot be read; 2 wrong usage.");
  check->callback([o] {
    const std::vector<jay::config_error> problems = jay::config::problems(o->file);
    if (o->json) {
      fmt::print("{}", problems_json(problems));
    } else if (problems.empty()) {
      fmt::print("{}: {}\n", o->file, styled(stdout, style::green, "good"));
    } else {
      for (const jay::config_error& e : problems) print_config_error(e);
    }
    if (!problems.empty()) throw CLI::RuntimeError(exit_failed);
  });
}

void add_schema(CLI::App& config) {
  struct options {
    bool json = false;
    bool markdown = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* schema = config.add_subcommand("schema", "List all keys with bounds, defaults and meaning");
  CLI::Option* json = schema->add_flag("--json", o->json, "As a JSON Schema, which editors check a jay.toml against");
  schema->add_flag("--markdown", o->markdown, "As the tables of docs/config.md")->excludes(json);
  schema->footer(
      "Example:\n"
      "  jay config schema --json > jay.schema.json\n\n"
      "Exit codes: 0 written; 2 wrong usage.");
  schema->callback([o] {
    fmt::print("{}", o->json ? schema_json() : o->markdown ? schema_markdown() : schema_text());
  });
}

}  // namespace

void register_config(CLI::App& jay) {
  CLI::App* config = jay.add_subcommand("config", "Write, show and check configuration files");
  add_init(*config);
  add_show(*config);
  add_check(*config);
  add_schema(*config);
  config->footer(
      "Examples:\n"
      "  jay config init                  write a commented jay.toml\n"
      "  jay config check jay.toml        find its mistakes\n"
      "  jay config show --origin         what holds, and where it comes from\n\n"
      "Exit codes: 0 good; 1 it failed, the reason is on standard error; 2 wrong usage.");
  need_subcommand(*config);
}

}  // namespace jay_tool
