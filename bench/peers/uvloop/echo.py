#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The echo server of bench/peers/python on uvloop's event loop. By Debian's python3, whose module uvloop is."""
import pathlib
import sys

import uvloop

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
import echo_server

uvloop.install()
echo_server.run("uvloop")
