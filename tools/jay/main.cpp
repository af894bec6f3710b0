// SPDX-License-Identifier: MIT
// The jay command: registers the subcommands, answers wrong words, and turns what goes wrong into an exit code.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include <jay/config.hpp>
#include <jay/version.hpp>

#include "../../io/src/config/suggest.hpp"
#include "commands.hpp"
#include "terminal.hpp"

namespace jay_tool {
namespace {

// The subcommand that the command line has reached.
CLI::App* reached(CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::string full_name(const CLI::App* app) {
  std::string name = app->get_name();
  for (const CLI::App* up = app->get_parent(); up != nullptr; up = up->get_parent()) name = up->get_name() + ' ' + name;
  return name;
}

// The words that might have been meant.
std::vector<std::string> known_words(const CLI::App* app, bool options) {
  std::vector<std::string> words;
  if (options) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  } else {
    for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) words.push_back(sub->get_name());
  }
  return words;
}

int wrong_usage(CLI::App& jay, std::string message) {
  const CLI::App* app = reached(&jay);
  const std::vector<std::string> extras = jay.remaining(true);
  if (!extras.empty()) {
    const std::string& word = extras.front();
    const bool option = word.size() > 1 && word.front() == '-';
    const std::vector<std::string> words = known_words(app, option);
    const char* const kind = option ? "option" : words.empty() ? "argument" : "command";
    const std::string near = jay::detail::suggest(word.substr(0, word.find('=')), words);
    message = fmt::format("unknown {} '{}'", kind, word);
    if (!near.empty()) message += fmt::format("; did you mean '{}'?", near);
  }
  const std::string name = full_name(app);
  fmt::print(stderr, "{} {}\n'{} --help' shows what there is\n", styled(stderr, style::red, name + ':'), message, name);
  return exit_usage;
}

int dispatch(CLI::App& jay, int argc, char** argv) {
  try {
    jay.parse(argc, argv);
    return 0;
  } catch (const CLI::RuntimeError& e) {
    return e.get_exit_code();
  } catch (const CLI::Success& e) {  // --help, --version
    return jay.exit(e);
  } catch (const CLI::ParseError& e) {
    return wrong_usage(jay, e.what());
  } catch (const usage_error& e) {
    return wrong_usage(jay, e.what());
  } catch (const jay::config_error& e) {
    print_config_error(e);
    return exit_failed;
  } catch (const std::exception& e) {
    print_error(e.what());
    return exit_failed;
  }
}

}  // namespace

void need_subcommand(CLI::App& app) {
  app.callback([&app] {
    if (!app.get_subcommands().empty()) return;
    fmt::print(stderr, "{}", app.help(app.get_parent() != nullptr ? app.get_parent()->get_name() : ""));
    throw CLI::RuntimeError(exit_usage);
  });
}

}  // namespace jay_tool

int main(int argc, char** argv) {
  // All of the output fits, so that a full disk is met at one place, below.
  static char output[256 * 1024];
  std::setvbuf(stdout, output, _IOFBF, sizeof output);
  // `jay config show | head -1`: ends without a word, as other tools do.
  std::signal(SIGPIPE, SIG_DFL);

  if (argc > 1 && std::strcmp(argv[1], "bench") == 0) {
    try {
      jay_tool::exec_bench(argc, argv);
    } catch (const std::exception& e) {
      jay_tool::print_error(e.what());
      return jay_tool::exit_failed;
    }
  }

  CLI::App app("jay: the command beside the jay library, asyncio for C++20.", "jay");
  app.set_version_flag("--version", "jay " JAY_VERSION, "Print the version and end");
  app.set_help_flag("-h,--help", "Print this page and end");
  jay_tool::register_config(app);
  jay_tool::register_ps(app);
  // For the list of commands only: whoever asks for it is answered above.
  app.add_subcommand("bench", "Measure jay beside its peers, compare and report");
  app.get_formatter()->column_width(28);
  app.footer(
      "Examples:\n"
      "  jay config init              write a jay.toml in which every key is explained\n"
      "  jay config show --origin     what holds, and where each value comes from\n"
      "  jay pstree $(pidof server)   what the tasks of a running program wait for\n\n"
      "'jay COMMAND --help' explains a command and shows an example.\n\n"
      "Exit codes: 0 good; 1 it failed, the reason is on standard error; 2 wrong usage.");
  jay_tool::need_subcommand(app);

  int code = jay_tool::dispatch(app, argc, argv);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    jay_tool::print_error(fmt::format("write to standard output: {}", std::strerror(errno)));
    if (code == 0) code = jay_tool::exit_failed;
  }
  return code;
}
