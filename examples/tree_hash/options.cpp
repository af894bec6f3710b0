// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <getopt.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include <jay/version.hpp>

#include "console.hpp"

namespace tree_hash {
namespace {

constexpr std::string_view help =
    "usage: tree_hash [OPTION]... PATH...           write checksums (SHA-256)\n"
    "       tree_hash --check [OPTION]... [LIST]... [DIR]...   check them\n"
    "\n"
    "Writes a line for every regular file at or below each PATH, sorted by name, as sha256sum writes it. Symbolic\n"
    "links below PATH, pipes, sockets and devices are left out.\n"
    "\n"
    "  -o, --output FILE  write the list there. A FILE below PATH is not in the list. FILE is replaced at the end, at\n"
    "                       once, and is kept as it was if a PATH is not there or the writing fails.\n"
    "  -b, --binary       an asterisk before each name\n"
    "  -t, --text         a space before each name (the default)\n"
    "      --tag          lines of the BSD form: SHA256 (name) = digest\n"
    "  -z, --zero         end each line by NUL, and do not escape names\n"
    "  -w, --warn         name each file that is left out\n"
    "\n"
    "  -c, --check        read each LIST, and compare what it says with the files. No LIST, or -: standard input. With a\n"
    "                       DIR, files below it that no LIST names are reported too.\n"
    "      --ignore-missing  a file that is not there is no failure\n"
    "      --quiet        no line for a file that is as it should be\n"
    "      --status       no lines at all: the exit status tells\n"
    "      --strict       a line that is improperly formatted is a failure\n"
    "  -w, --warn         name each line that is improperly formatted\n"
    "\n"
    "      --progress     on standard error, if that is a terminal; and a summary at the end\n"
    "  -h, --help         this text\n"
    "      --version      the version\n"
    "\n"
    "example: tree_hash /usr/share -o SHA256SUMS && tree_hash --check --quiet SHA256SUMS\n"
    "exit status: 0 all was read and written (and is equal), 1 something was not or differs, 2 wrong use, 130 Ctrl-C\n";

int wrong(const std::string& text = {}) {
  if (!text.empty()) console().complain(text);  // else getopt has said it
  (void)write_all(STDERR_FILENO, "Try 'tree_hash --help'.\n");
  return wrong_use;
}

int print(std::string_view text) {
  console out;
  out.print(text);
  out.finish();
  return out.incomplete() ? failed : all_right;
}

}  // namespace

std::variant<options, int> parse_options(int argc, char** argv) {
  enum long_only { tag = 256, ignore_missing, quiet, status, strict, show_progress, version };
  static const option names[] = {{"output", required_argument, nullptr, 'o'},
                                 {"binary", no_argument, nullptr, 'b'},
                                 {"text", no_argument, nullptr, 't'},
                                 {"tag", no_argument, nullptr, tag},
                                 {"zero", no_argument, nullptr, 'z'},
                                 {"check", no_argument, nullptr, 'c'},
                                 {"ignore-missing", no_argument, nullptr, ignore_missing},
                                 {"quiet", no_argument, nullptr, quiet},
                                 {"status", no_argument, nullptr, status},
                                 {"strict", no_argument, nullptr, strict},
                                 {"warn", no_argument, nullptr, 'w'},
                                 {"progress", no_argument, nullptr, show_progress},
                                 {"help", no_argument, nullptr, 'h'},
                                 {"version", no_argument, nullptr, version},
                                 {nullptr, 0, nullptr, 0}};
  options o;
  bool text = false;
  std::string only_check, only_list;  // an option of one of the two jobs
  for (int c; (c = ::getopt_long(argc, argv, "o:btzcwh", names, nullptr)) != -1;) {
    switch (c) {
      case 'o':
        o.output = optarg;
        only_list = "--output";
        break;
      case 'b':
        o.form.binary = true;
        only_list = "--binary";
        break;
      case 't':
        o.form.binary = false;
        text = true;
        only_list = "--text";
        break;
      case tag:
        o.form.tag = true;
        only_list = "--tag";
        break;
      case 'z':
        o.form.zero = true;
        only_list = "--zero";
        break;
      case 'c': o.check = true; break;
      case ignore_missing:
        o.ignore_missing = true;
        only_check = "--ignore-missing";
        break;
      case strict:
        o.strict = true;
        only_check = "--strict";
        break;
      // The last of these three counts, as in sha256sum.
      case quiet:
        o.quiet = true;
        o.status = o.warn = false;
        only_check = "--quiet";
        break;
      case status:
        o.status = true;
        o.quiet = o.warn = false;
        only_check = "--status";
        break;
      case 'w':
        o.warn = true;
        o.quiet = o.status = false;
        break;
      case show_progress: o.progress = true; break;
      case 'h': return print(help);
      case version: return print("tree_hash (jay) " JAY_VERSION "\n");
      default: return wrong();
    }
  }
  o.operands.assign(argv + optind, argv + argc);
  if (o.check && !only_list.empty()) return wrong(only_list + " has no meaning with --check");
  if (!o.check && !only_check.empty()) return wrong(only_check + " has a meaning only with --check");
  if (o.form.tag && text) return wrong("--tag and --text exclude each other");
  if (!o.check && o.operands.empty()) return wrong("which directory?");
  for (const std::string& operand : o.operands)
    if (operand.empty()) return wrong("an empty name is the name of nothing");
  if (o.output && o.output->empty()) return wrong("--output: an empty name is the name of nothing");
  return o;
}

}  // namespace tree_hash
