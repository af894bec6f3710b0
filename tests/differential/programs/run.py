# SPDX-License-Identifier: MIT
"""run.py THEME: runs each program of THEME.py, in its order, and writes what it says: "= name", then its lines."""
import asyncio
import importlib
import inspect
import logging
import sys

import programs

logging.disable()  # the default exception handler's
theme = importlib.import_module(sys.argv[1])
for name, program in list(vars(theme).items()):
    if name.startswith("_") or not inspect.isfunction(program) or program.__module__ != theme.__name__:
        continue
    programs.lines.clear()
    try:
        if inspect.iscoroutinefunction(program):
            asyncio.run(program())
        else:
            program()
    except BaseException as e:
        programs.say("ended with", e)
    print("=", name)
    for line in programs.lines:
        print(line)
    sys.stdout.flush()
