# SPDX-License-Identifier: MIT
"""`jay bench`: the jay command starts this file. Reads the command line and turns what goes wrong into an exit code."""

import argparse
import difflib
import os
import sys

sys.dont_write_bytecode = True  # an installed tree stays as it was installed

import compare
import report
import run
from questions import QUESTIONS, UsageError


class Parser(argparse.ArgumentParser):
    def error(self, message):
        print(f"{self.prog}: {message}\n'{self.prog} --help' shows what there is", file=sys.stderr)
        sys.exit(2)

    def option_names(self):
        return [name for action in self._actions for name in action.option_strings if action.help != argparse.SUPPRESS]

    def _check_value(self, action, value):
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            self.error(did_you_mean("command", value, list(action.choices)))
        super()._check_value(action, value)


def did_you_mean(kind, word, known):
    near = difflib.get_close_matches(word.split("=")[0], known, 1)
    return f"unknown {kind} '{word}'" + (f"; did you mean '{near[0]}'?" if near else "")


def words(text):
    return [word for word in text.split(",") if word]


def between(kind, low, high):
    def read(text):
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not {low} to {high}")
        return value
    read.__name__ = "number"
    return read


def percent(text):
    value = float(text.rstrip("% "))
    if value < 0:
        raise ValueError
    return value


def worker_counts(text):
    return [between(int, 1, 1024)(word) for word in text.split(",")]


percent.__name__, worker_counts.__name__ = "percentage like 5%", "list of numbers of workers"


def command_line():
    top = Parser(prog="jay bench", description="Measure jay beside its peers, compare and report.",
                 formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
                 epilog="Example:  jay bench run --quick --out r.json && jay bench report r.json -o report.html")
    top.add_argument("--jay-version", default="", help=argparse.SUPPRESS)
    commands = top.add_subparsers(metavar="COMMAND")

    def add(function, help_text, epilog):
        made = commands.add_parser(function.__name__, help=help_text, description=help_text + ".", epilog=epilog,
                                   formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
        made.set_defaults(function=function, parser=made)
        return made

    one = add(run.run, "Measure jay beside its peers",
              "Every program runs once to warm up, then all of them in turn (A B A B), so that what else the machine does\n"
              "hits all alike. The figure is the median; +- is half the range that holds it with 95 %.\n\n"
              "Example:  jay bench run fib echo --peers tbb,asio --workers 1,2 --repeat 7 --out r.json\n\n"
              "Exit codes: 0 done, 1 a program failed or gave a wrong result, 2 wrong command line, 130 stopped by Ctrl-C")
    one.add_argument("names", nargs="*", help="benchmarks, or the first part of several (mixed); default: all")
    one.add_argument("--repeat", type=between(int, 1, 1000), default=5, metavar="N",
                     help="runs of each program after the warm-up; default: 5")
    one.add_argument("--peers", type=words, default=["all"], metavar="LIST",
                     help="who else answers: tbb,asio,tokio,go,python,serial,streams (of jay), all or none; default: all")
    one.add_argument("--workers", type=worker_counts, metavar="LIST",
                     help="numbers of workers, 1,2,4; default: 1 and all processors")
    one.add_argument("--time-limit", type=between(float, 0.1, 86400), default=0, metavar="S",
                     help="seconds after which one program has failed; default: far more than it should take")
    one.add_argument("--quick", action="store_true", help="small sizes and short loads: shows that it works, gives no figures")
    one.add_argument("--out", metavar="FILE", help="write the results to this file (JSON)")
    one.add_argument("--bin", default=os.environ.get("JAY_BENCH_DIR", "bench"), metavar="DIR",
                     help="folder of the benchmark programs; default: beside this jay's build, or $JAY_BENCH_DIR")
    one.add_argument("--json", action="store_true", help="print the results as JSON instead of tables")
    one.add_argument("--list", action="store_true", help="list the benchmarks and end")
    one.add_argument("--plan", action="store_true", help="print the plan and end")

    one = add(compare.compare, "Tell what changed between two results files",
              'A change is "noise" where the ranges of the two medians overlap.\n\n'
              "Example:  jay bench compare before.json after.json --fail 5%\n\n"
              "Exit codes: 0 fine, 1 a file cannot be read, 2 wrong command line, 3 worse beyond --fail")
    one.add_argument("before", help="results file of `jay bench run --out`")
    one.add_argument("after", help="the other one")
    one.add_argument("--fail", type=percent, metavar="PERCENT",
                     help="exit with 3 where something is worse by more than this, beyond the noise, or gone")
    one.add_argument("--json", action="store_true", help="print JSON")

    one = add(report.report, "Make a page with plots out of a results file",
              "The page is one file that needs no network.\n\n"
              "Example:  jay bench report r.json -o report.html\n\n"
              "Exit codes: 0 written, 1 the results cannot be read or the file not be written, 2 wrong command line")
    one.add_argument("results", help="results file of `jay bench run --out`")
    one.add_argument("-o", "--out", metavar="FILE", help="file to write; default: standard output")
    form = one.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="tables for a document instead of a page")
    form.add_argument("--plot", action="store_true", help="one SVG for a document: everybody's medians beside jay's")
    one.add_argument("--only", type=words, default=[], metavar="LIST",
                     help="questions to plot, such as fib,echo_64; default: all")
    return top


def main():
    parser = command_line()
    options, extras = parser.parse_known_args()
    if extras:
        own = getattr(options, "parser", parser)
        option = extras[0].startswith("-")
        own.error(did_you_mean("option" if option else "argument", extras[0], own.option_names() if option else []))
    if "function" not in options:
        parser.print_help(sys.stderr)
        return 2
    try:
        if getattr(options, "list", False):
            for question in QUESTIONS.values():
                print(f"{question.name:<22} {question.title}")
            return 0
        if getattr(options, "only", None) and not options.plot:
            raise UsageError("--only goes with --plot")
        code = options.function(options)
        sys.stdout.flush()
        return code
    except UsageError as e:
        options.parser.error(str(e))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as a program that SIGPIPE has ended
    except (RuntimeError, OSError) as e:
        # The functions name the files that they cannot read or write, so what is left is standard output.
        text = f"write to standard output: {e.strerror}" if isinstance(e, OSError) and e.filename is None else str(e)
        print(f"jay: {text}", file=sys.stderr, flush=True)
        os._exit(1)  # leaves without another try to write what standard output has not taken
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
