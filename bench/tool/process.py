# SPDX-License-Identifier: MIT
"""A benchmark program as a child: its output by lines, its input by lines, a deadline for everything."""

import ctypes
import os
import selectors
import signal
import subprocess
import time

LIBC = ctypes.CDLL(None)


class ProgramError(Exception):
    """What a program did wrong. Its last words are in the text."""


def end_with_parent():
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no program outlives this one, however it ends


class Process:
    def __init__(self, command, limit):
        self.command = [str(word) for word in command]
        self.limit = limit
        self.deadline = time.monotonic() + limit
        self.buffer, self.last_words = b"", b""
        try:
            self.child = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                          bufsize=0, preexec_fn=end_with_parent, restore_signals=True,
                                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        except OSError as e:
            raise ProgramError(f"start {self.command[0]}: {e.strerror}") from None
        self.streams = selectors.DefaultSelector()
        self.streams.register(self.child.stdout, selectors.EVENT_READ)
        self.streams.register(self.child.stderr, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Ends what still runs."""
        self.child.kill()
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout, self.child.stderr):
            stream.close()
        self.streams.close()

    def fail(self, what):
        words = self.last_words.decode(errors="replace").rstrip("\n")
        raise ProgramError(f"{' '.join(self.command)} {what}" + (f": {words}" if words else ""))

    def write_line(self, line):
        try:
            self.child.stdin.write(line.encode() + b"\n")
        except OSError:
            self.fail(f"does not take the command '{line}'")

    def read_line(self):
        """The next line of the output, or None at its end."""
        while b"\n" not in self.buffer:
            if not self.streams.get_map():
                return None
            left = self.deadline - time.monotonic()
            if left <= 0:
                self.fail(f"is not done after {self.limit:g} s")
            for key, _ in self.streams.select(left):
                got = os.read(key.fd, 65536)
                if not got:
                    self.streams.unregister(key.fileobj)
                elif key.fileobj is self.child.stdout:
                    self.buffer += got
                else:
                    self.last_words = (self.last_words + got)[-2000:]
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace")

    def finish(self):
        """Closes the input, reads the rest of the output and waits; anything but status 0 is an error."""
        self.child.stdin.close()
        lines = list(iter(self.read_line, None))
        try:
            status = self.child.wait(max(self.deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            self.fail(f"is not done after {self.limit:g} s")
        if status < 0:
            self.fail(f"was ended by signal {-status} ({signal.strsignal(-status)})")
        if status > 0:
            self.fail(f"ended with status {status}")
        return lines
