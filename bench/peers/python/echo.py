#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
import echo_server

echo_server.run("python")
