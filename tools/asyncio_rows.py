#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that docs/asyncio.md has one row for every public name of Python's asyncio.

usage: tools/asyncio_rows.py            check the page against docs/asyncio_names.txt (exit 1 on any finding)
       tools/asyncio_rows.py --local    check it against the asyncio of the Python that runs this, too
       tools/asyncio_rows.py --list     print the names of that Python's asyncio
       tools/asyncio_rows.py --update   add those names to docs/asyncio_names.txt (use Python 3.13 or newer)
       tools/asyncio_rows.py --count    print how many rows have which status

A row starts with the name in backquotes and has four columns: Python, jay, status, differences. The status is
"done", "planned" or "not applicable". A row that is "done" must be used: each C++ name in its second column
stands in one of the programs of the page (tools/doc_snippets.py compiles and runs those).
"""

import argparse
import collections
import importlib
import inspect
import pathlib
import pkgutil
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "asyncio.md"
NAMES = ROOT / "docs" / "asyncio_names.txt"
STATUSES = ("done", "planned", "not applicable")

# What reflection cannot see: attributes set in __init__, names of 3.14 and 3.15, Windows, the command line.
EXTRA = """
Barrier.__aenter__ Condition.__aenter__ Condition.acquire Condition.locked Condition.release
IncompleteReadError.expected IncompleteReadError.partial LimitOverrunError.consumed Lock.__aenter__
Runner.__enter__ Semaphore.__aenter__ Server.__aenter__ StreamReader.__aiter__ TaskGroup.__aenter__ Timeout.__aenter__
as_completed.__aiter__
Process Process.communicate Process.kill Process.pid Process.returncode Process.send_signal Process.stderr Process.stdin
Process.stdout Process.terminate Process.wait subprocess.DEVNULL subprocess.PIPE subprocess.STDOUT
FrameCallGraphEntry FutureCallGraph TaskGroup.cancel capture_call_graph format_call_graph
future_add_to_awaited_by future_discard_from_awaited_by print_call_graph
IocpProactor ProactorEventLoop ProactorEventLoop.create_pipe_connection ProactorEventLoop.start_serving_pipe
WindowsProactorEventLoopPolicy WindowsSelectorEventLoopPolicy
PYTHONASYNCIODEBUG asyncio.ps asyncio.pstree asyncio.repl log.logger trsock.TransportSocket sslproto.SSLProtocol
""".split()

# A name that a class has from one of these stands in the table under the class named here.
HOME = {"AbstractEventLoop": "loop", "AbstractServer": "Server"}
SAME_AS_ABSTRACT = {"BaseEventLoop", "SelectorEventLoop", "EventLoop", "BaseSelectorEventLoop", "BaseProactorEventLoop"}


def own_attributes(cls):
    """Public attributes that cls defines itself, without those that only repeat a public base."""
    inherited = {a for base in cls.__mro__[1:] if base is not object and not base.__name__.startswith("_") for a in dir(base)}
    if issubclass(cls, BaseException) or cls.__name__ == "Task":
        inherited = set(dir(Exception))   # Task repeats Future's methods with meanings of its own
    found = (a for a in cls.__dict__ if not a.startswith("_") and a not in inherited)
    return sorted(a for a in found if not inspect.ismodule(cls.__dict__[a]))


def local_names():
    import asyncio

    modules = {"": asyncio}
    for info in pkgutil.iter_modules(asyncio.__path__):
        if info.name.startswith("__"):
            continue
        try:
            modules[info.name] = importlib.import_module("asyncio." + info.name)
        except ImportError:
            continue   # the Windows ones
    names = set(EXTRA)
    classes = {}
    for module in modules.values():
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if name.startswith("_"):
                continue
            names.add(name)
            if inspect.isclass(value):
                classes[name] = value
    names.update("constants." + n for n in vars(modules["constants"]) if n.isupper())
    for name, cls in classes.items():
        if name in SAME_AS_ABSTRACT:
            attributes = [a for a in own_attributes(cls) if not hasattr(asyncio.AbstractEventLoop, a)]
        else:
            attributes = own_attributes(cls)
        names.update(f"{HOME.get(name, name)}.{a}" for a in attributes)
    for attribute in own_attributes(asyncio.Task) + own_attributes(asyncio.Future):
        if hasattr(asyncio.Task, attribute):
            names.add("Task." + attribute)
    # Task has these only to forbid them.
    return sorted(names - {"Task.set_result", "Task.set_exception"})


def read_rows(text):
    """(name, jay cell, status, line) of every row whose first cell is a name in backquotes."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\| `([A-Za-z_.]+)` \|", line)
        if match:
            cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
            yield match.group(1), cells, number


def cpp_tokens(text):
    code = re.findall(r"^```cpp[^\n]*\n(.*?)^```", text, re.M | re.S)
    code = re.sub(r"//[^\n]*", "", "\n".join(c for c in code if "int main" in c))
    return set(re.findall(r"[A-Za-z_]\w*", code))


def check(names):
    text = PAGE.read_text(encoding="utf-8")
    used = cpp_tokens(text)
    findings, seen = [], {}
    for name, cells, line in read_rows(text):
        where = f"{PAGE.relative_to(ROOT)}:{line}: {name}"
        if name in seen:
            findings.append(f"{where}: has a row already, on line {seen[name]}")
        seen[name] = line
        if len(cells) != 4:
            findings.append(f"{where}: has {len(cells)} columns, not 4 (write a bar inside a cell as \\|)")
            continue
        if cells[2] not in STATUSES:
            findings.append(f"{where}: status '{cells[2]}' is none of {', '.join(STATUSES)}")
        if cells[2] == "not applicable" and not cells[3]:
            findings.append(f"{where}: is not applicable but gives no reason")
        if cells[2] == "done":
            wanted = re.findall(r"(?:jay::|\.)([A-Za-z_]\w*)", " ".join(re.findall(r"`([^`]*)`", cells[1])))
            if not wanted:
                findings.append(f"{where}: is done but its second column names nothing of jay's")
            findings += [f"{where}: is done but no program on the page uses '{w}'" for w in wanted if w not in used]
    findings += [f"{PAGE.relative_to(ROOT)}: no row for {n}" for n in names if n not in seen]
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--local", "--list", "--update", "--count"):
        parser.add_argument(option, action="store_true")
    args = parser.parse_args()
    if args.list:
        print("\n".join(local_names()))
        return 0
    committed = NAMES.read_text(encoding="utf-8").split() if NAMES.exists() else []
    if args.update:
        names = sorted(set(committed) | set(local_names()))
        NAMES.write_text("\n".join(names) + "\n", encoding="utf-8")
        print(f"{NAMES.relative_to(ROOT)}: {len(names)} names, {len(names) - len(committed)} of them new")
        return 0
    if args.count:
        rows = list(read_rows(PAGE.read_text(encoding="utf-8")))
        for status, count in collections.Counter(cells[2] for _, cells, _ in rows).most_common():
            print(f"{count:4} {status}")
        return 0
    if not committed:
        print(f"{NAMES.relative_to(ROOT)}: missing or empty; make it with {sys.argv[0]} --update", file=sys.stderr)
        return 1
    findings = check(sorted(set(committed) | set(local_names() if args.local else ())))
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{len(committed)} names, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
