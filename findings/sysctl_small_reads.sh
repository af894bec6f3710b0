#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux: a number under /proc/sys that is read in small pieces is silently cut off after the first piece.
#
# Guess: read(2) may give less than was asked for, and whoever reads on until it gives 0 gets the whole file, be it with a
#   buffer of one byte.
# Seen: for the files of numbers the kernel answers only the read at position 0, as far as the buffer goes. The next read
#   gives 0, a clean end: "32768" becomes "3", a number too. Files of text under /proc/sys, and the rest of /proc, can be
#   read in pieces. stat gives size 0 for all of them, so a reader that takes the size for its first buffer, and one byte
#   more to see the end, meets this. Read such files with one large read.
# With: Linux (seen with 6.18)
# Source: https://github.com/torvalds/linux/blob/master/kernel/sysctl.c (the handlers for vectors of numbers return nothing
#   where the position is not 0; proc_dostring goes on from there)
set -euo pipefail

python3 - <<'PY'
import os
import platform


def pieces(path, size):
    """What read() gives, again and again, up to the end."""
    fd = os.open(path, os.O_RDONLY)
    got = [os.read(fd, size)]
    while got[-1]:
        got.append(os.read(fd, size))
    os.close(fd)
    return got


print("Linux", platform.release())
for path, is_number in (
    ("/proc/sys/kernel/pid_max", True),
    ("/proc/sys/net/ipv4/ip_local_port_range", True),
    ("/proc/sys/kernel/ostype", False),
    ("/proc/version", False),
):
    assert os.stat(path).st_size == 0
    whole = b"".join(pieces(path, 4096))
    by_bytes = b"".join(pieces(path, 1))
    print(f"{path}: at once {whole!r:.40}, byte by byte {by_bytes!r:.40}")
    assert by_bytes == (whole[:1] if is_number else whole)
    assert len(whole) > 1
print("as described")
PY
