# SPDX-License-Identifier: MIT
"""A benchmark program as a child: its output by lines, its input by lines, a deadline for everything."""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import time

LIBC = ctypes.CDLL(None)


class ProgramError(Exception):
    """What a program did wrong. Its last words are in the text."""


class Interrupts:
    """Ctrl-C is looked at between waits only: anywhere else it could come between the start of a child and the block that
    ends it."""
    seen = False

    @classmethod
    def watch(cls):
        signal.signal(signal.SIGINT, lambda *_: setattr(cls, "seen", True))

    @classmethod
    def check(cls):
        if cls.seen:
            raise KeyboardInterrupt


def pause(seconds):
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        Interrupts.check()
        time.sleep(min(left, 0.1))


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

    def next_wait(self):
        """Seconds to wait before it is called again."""
        Interrupts.check()
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.fail(f"is not done after {self.limit:g} s")
        return min(left, 0.2)

    def read_line(self):
        """The next line of the output, or None at its end."""
        while b"\n" not in self.buffer:
            if not self.streams.get_map():
                return None
            for key, _ in self.streams.select(self.next_wait()):
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
        while (status := self.child.poll()) is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(self.next_wait())
        if status < 0:
            self.fail(f"was ended by signal {-status} ({signal.strsignal(-status)})")
        if status > 0:
            self.fail(f"ended with status {status}")
        return lines
