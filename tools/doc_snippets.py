#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compile and run every program in README.md and docs/*.md.

usage: tools/doc_snippets.py --build DIR [--jobs N] [--precompile] [--unoptimised] [FILE.md...]
                                                                   DIR: a finished CMake build of jay
       tools/doc_snippets.py --extract DIR [FILE.md...]            only write them, with #line directives, for lint

A program is a ```cpp block that contains `int main`. It must compile without warnings and end with status 0
within a minute. If the next block of the same section is a ```text block, the program must print exactly that.
Words on the opening line: ```cpp no-run only compiles; ```text any-order compares the sorted lines.

The programs are built the way a user's are: jay is installed from DIR to a folder below it, and a small project
uses find_package(jay). It takes DIR's compiler, flags and build type. In less time: --precompile, but a program that forgets to
include something compiles all the same; --unoptimised, with -O0. Exit status: 0 all right, 1 a finding,
2 wrong use.
"""

import argparse
import dataclasses
import difflib
import os
import pathlib
import re
import signal
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIMEOUT_S = 60
FENCE = re.compile(r"^```(\S*)[ \t]*([^\n]*)\n(.*?)^```[ \t]*$", re.M | re.S)

PROJECT = """\
cmake_minimum_required(VERSION 3.25)
project(doc_snippets LANGUAGES CXX)
find_package(jay REQUIRED)
if(PRECOMPILE)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp "")
  add_library(headers OBJECT ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp)
  target_link_libraries(headers PRIVATE jay::jay)
  target_compile_options(headers PRIVATE -Wall -Wextra -Werror)
  target_precompile_headers(headers PRIVATE <jay/jay.hpp>)
endif()
file(GLOB programs ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
foreach(program IN LISTS programs)
  get_filename_component(name ${program} NAME_WE)
  add_executable(${name} ${program})
  target_link_libraries(${name} PRIVATE jay::jay)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Werror)
  file(STRINGS ${program} defines REGEX "^#define")  # for the headers, perhaps
  if(PRECOMPILE AND NOT defines)
    target_precompile_headers(${name} REUSE_FROM headers)
  endif()
endforeach()
"""


@dataclasses.dataclass
class Snippet:
    name: str
    place: str
    code: str
    options: list
    expected: str | None
    any_order: bool = False


def find_snippets(page):
    text = page.read_text(encoding="utf-8")
    blocks = list(FENCE.finditer(text))
    stem = re.sub(r"\W", "_", page.stem.lower())
    count = 0
    for i, block in enumerate(blocks):
        if block.group(1) != "cpp" or "int main" not in block.group(3):
            continue
        count += 1
        expected, any_order = None, False
        if i + 1 < len(blocks) and blocks[i + 1].group(1) == "text":
            between = text[block.end():blocks[i + 1].start()]
            if not re.search(r"^#", between, re.M):
                expected, any_order = blocks[i + 1].group(3), "any-order" in blocks[i + 1].group(2).split()
        line = text.count("\n", 0, block.start()) + 2
        name = page.name if page.parent == ROOT else f"docs/{page.name}"
        yield Snippet(f"{stem}_{count}", f"{name}:{line}", block.group(3), block.group(2).split(), expected,
                      any_order)


def write(snippets, folder, line_directive):
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for s in snippets:
        page, line = s.place.rsplit(":", 1)
        # With #line, g++ takes the program for a header and warns about lambdas in it. Empty lines give its messages
        # the page's line numbers, too.
        head = f'#line {line} "{page}"\n' if line_directive else f"// {page}" + "\n" * (int(line) - 1)
        files[s.name + ".cpp"] = head + s.code
    for old in folder.glob("*.cpp"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:   # keep the time stamp: no needless rebuild
            path.write_text(text, encoding="utf-8")


def cache_value(build, key):
    match = re.search(rf"^{key}:[^=]*=(.*)$", (build / "CMakeCache.txt").read_text(encoding="utf-8"), re.M)
    return match.group(1) if match else ""


def step(what, command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout)
        print(f"doc_snippets: {what} failed (status {done.returncode}): {' '.join(map(str, command))}", file=sys.stderr)
        sys.exit(1)


def build_all(build, folder, jobs, precompile, unoptimised):
    prefix = folder / "prefix"
    shutil.rmtree(prefix, ignore_errors=True)
    step("installing jay", ["cmake", "--install", build, "--prefix", prefix])
    sanitize = cache_value(build, "JAY_SANITIZE")
    flags = cache_value(build, "CMAKE_CXX_FLAGS")
    if sanitize:
        flags += f" -fsanitize={sanitize} -fno-sanitize-recover=all -fno-omit-frame-pointer"
    build_type = cache_value(build, "CMAKE_BUILD_TYPE") or "Release"
    build_flags = cache_value(build, "CMAKE_CXX_FLAGS_" + build_type.upper()) + (" -O0" if unoptimised else "")
    launcher = cache_value(build, "CMAKE_CXX_COMPILER_LAUNCHER") or shutil.which("ccache") or ""
    step("configuring the programs", [
        "cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DPRECOMPILE={'ON' if precompile else 'OFF'}",
        f"-DCMAKE_CXX_COMPILER={cache_value(build, 'CMAKE_CXX_COMPILER')}", f"-DCMAKE_CXX_FLAGS={flags}",
        f"-DCMAKE_BUILD_TYPE={build_type}", f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}",
        f"-DCMAKE_CXX_FLAGS_{build_type.upper()}={build_flags}"])
    # -k 0: one broken program must not hide another; what was not built is reported below.
    return subprocess.run(["cmake", "--build", folder / "build", "-j", str(jobs), "--", "-k", "0"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def hear_interrupts():
    """What a shell starts in the background ignores SIGINT, and hands that down."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def trimmed(text, any_order):
    lines = [line.rstrip() for line in text.rstrip().splitlines()]
    return sorted(lines) if any_order else lines


def run(program, expected, any_order):
    """Runs the program in an empty folder. An empty string, or what is wrong."""
    with tempfile.TemporaryDirectory() as work:
        try:
            done = subprocess.run([program], cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=TIMEOUT_S, preexec_fn=hear_interrupts)
        except subprocess.TimeoutExpired as late:
            return f"still running after {TIMEOUT_S} s; it had printed:\n{(late.stdout or b'').decode()}"
    if done.returncode:
        return f"ended with status {done.returncode}:\n{done.stdout}{done.stderr}"
    if expected is not None:
        wanted, printed = trimmed(expected, any_order), trimmed(done.stdout, any_order)
        if wanted != printed:
            diff = difflib.unified_diff(wanted, printed, "page", "program", lineterm="")
            return "prints something else:\n" + "\n".join(diff) + f"\n{done.stderr}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--extract", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--precompile", action="store_true")
    parser.add_argument("--unoptimised", action="store_true")
    parser.add_argument("pages", nargs="*", type=pathlib.Path, metavar="FILE.md")
    args = parser.parse_args()
    if (args.build is None) == (args.extract is None):
        parser.error("give one of --build DIR and --extract DIR")
    pages = [p.resolve() for p in args.pages] or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    snippets = [s for page in pages for s in find_snippets(page)]
    if not snippets:
        parser.error("no programs found")
    if args.extract:
        write(snippets, args.extract, line_directive=True)
        print(f"{len(snippets)} programs in {args.extract}")
        return 0
    if not (args.build / "CMakeCache.txt").exists():
        parser.error(f"{args.build} is no CMake build: build jay first, e.g. cmake --workflow --preset clang")

    folder = args.build.resolve() / "doc_snippets"
    write(snippets, folder, line_directive=False)
    (folder / "CMakeLists.txt").write_text(PROJECT, encoding="utf-8")
    for old in snippets:
        (folder / "build" / old.name).unlink(missing_ok=True)   # never run what an earlier page said
    log = build_all(args.build.resolve(), folder, args.jobs, args.precompile, args.unoptimised)
    failed = 0
    for snippet in snippets:
        program = folder / "build" / snippet.name
        if not program.exists():
            wrong = "does not compile"
        elif "no-run" in snippet.options:
            wrong = ""
        else:
            wrong = run(program, snippet.expected, snippet.any_order)
        failed += bool(wrong)
        print(f"{'FAILED' if wrong else 'ok    '} {snippet.place}{': ' + wrong if wrong else ''}", flush=True)
    if failed and "FAILED:" in log:
        print(log)
    print(f"{len(snippets) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
