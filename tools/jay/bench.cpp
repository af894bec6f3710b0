// SPDX-License-Identifier: MIT
// The command lines of `jay bench`.
#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <memory>

#include "bench_commands.hpp"
#include "bench_questions.hpp"
#include "commands.hpp"
#include "report.hpp"

namespace jay_tool {
namespace {

[[noreturn]] void leave(int code) { throw CLI::RuntimeError(code); }

void list_benchmarks() {
  for (const bench_question& question : bench_questions()) fmt::print("{:<22} {}\n", question.name, question.title);
}

/// "5", "5%" or "2.5 %".
double percent_from(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string rest(end, text.data() + text.size());
  if (error != std::errc() || value < 0 || (rest.find_first_not_of(" %") != std::string::npos)) {
    throw usage_error(fmt::format("--fail {}: not a percentage like 5%", text));
  }
  return value;
}

void register_run(CLI::App& bench) {
  CLI::App* run = bench.add_subcommand("run", "Measure jay beside its peers");
  auto options = std::make_shared<bench_run_options>();
  auto list = std::make_shared<bool>(false);
  options->folder = bench_folder::usual();
  run->add_option("names", options->names, "Benchmarks, or the first part of several (mixed); default: all");
  run->add_option("--repeat", options->repeat, "Runs of each program after the warm-up")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  run->add_option("--peers", options->peers, "Who else answers: tbb,asio,tokio,go,python,serial,streams (of jay), all or none")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->default_str("all");
  run->add_option("--workers", options->workers, "Numbers of workers, 1,2,4; default: 1 and all processors")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1U, 1024U));
  run->add_option("--time-limit", options->time_limit,
                  "Seconds after which one program has failed; default: far more than it should take")
      ->check(CLI::Range(0.1, 86400.0));
  run->add_flag("--quick", options->quick, "Small sizes and short loads: shows that it works, gives no figures");
  run->add_option("--out", options->out, "Write the results to this file (JSON)");
  run->add_option("--bin", options->folder,
                  "Folder of the benchmark programs; default: beside this jay's build, or $JAY_BENCH_DIR");
  run->add_flag("--json", options->json, "Print the results as JSON instead of tables");
  run->add_flag("--list", *list, "List the benchmarks and end");
  run->add_flag("--plan", options->plan_only, "Print the plan and end");
  run->footer(
      "Every program runs once to warm up, then all of them in turn (A B A B), so that what else the machine does\n"
      "hits all alike. The figure is the median; +- is half the range that holds it with 95 %.\n\n"
      "Example:  jay bench run fib echo --peers tbb,asio --workers 1,2 --repeat 7 --out r.json\n\n"
      "Exit codes: 0 done, 1 a program failed or gave a wrong result, 2 wrong command line, 130 stopped by Ctrl-C");
  run->final_callback([options, list] {
    if (*list) return list_benchmarks();
    const int code = run_benchmarks(*options);
    if (code != 0) leave(code);
  });
}

void register_compare(CLI::App& bench) {
  CLI::App* compare = bench.add_subcommand("compare", "Tell what changed between two results files");
  auto options = std::make_shared<bench_compare_options>();
  auto limit = std::make_shared<std::string>();
  compare->add_option("before", options->before, "Results file of `jay bench run --out`")->required();
  compare->add_option("after", options->after, "The other one")->required();
  compare->add_option("--fail", *limit,
                      "Exit with 3 where something is worse by more than this, beyond the noise, or gone");
  compare->add_flag("--json", options->json, "Print JSON");
  compare->footer(
      "A change is \"noise\" where the ranges of the two medians overlap.\n\n"
      "Example:  jay bench compare before.json after.json --fail 5%\n\n"
      "Exit codes: 0 fine, 1 a file cannot be read, 2 wrong command line, 3 worse beyond --fail");
  compare->final_callback([options, limit] {
    if (!limit->empty()) options->fail_percent = percent_from(*limit);
    const int code = compare_results(*options);
    if (code != 0) leave(code);
  });
}

void register_report(CLI::App& bench) {
  CLI::App* report = bench.add_subcommand("report", "Make a page with plots out of a results file");
  auto results = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  auto markdown = std::make_shared<bool>(false);
  auto plot = std::make_shared<bool>(false);
  auto only = std::make_shared<std::vector<std::string>>();
  report->add_option("results", *results, "Results file of `jay bench run --out`")->required();
  report->add_option("-o,--out", *out, "File to write; default: standard output");
  auto* tables = report->add_flag("--markdown", *markdown, "Tables for a document instead of a page");
  auto* one = report->add_flag("--plot", *plot, "One SVG for a document: everybody's medians beside jay's");
  one->excludes(tables);
  report->add_option("--only", *only, "Questions to plot, such as fib,echo_64; default: all")->delimiter(',')->needs(one);
  report->footer(
      "The page is one file that needs no network.\n\n"
      "Example:  jay bench report r.json -o report.html\n\n"
      "Exit codes: 0 written, 1 the results cannot be read or the file not be written, 2 wrong command line");
  report->final_callback([results, out, markdown, plot, only] {
    const bench_results loaded = load_results(*results);
    const std::string text = *plot       ? report_plot(loaded, *only)
                             : *markdown ? report_markdown(loaded)
                                         : report_html(loaded);
    if (out->empty()) {
      std::fputs(text.c_str(), stdout);
    } else {
      write_file(*out, text);
      fmt::print("{}\n", *out);
    }
  });
}

}  // namespace

void register_bench(CLI::App& jay) {
  CLI::App* bench = jay.add_subcommand("bench", "Measure jay beside its peers, compare and report");
  register_run(*bench);
  register_compare(*bench);
  register_report(*bench);
  bench->footer("Example:  jay bench run --quick --out r.json && jay bench report r.json -o report.html");
  need_subcommand(*bench);
}

}  // namespace jay_tool
