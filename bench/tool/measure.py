# SPDX-License-Identifier: MIT
"""Runs one step: gives a row for each metric, with one sample in it."""

import json
import math

from process import Process, ProgramError, pause
from results import Row

MIXED_RATE = 2000  # requests/s


def row_of(line):
    """A result line of a program, as bench/support/report.hpp prints it."""
    try:
        said = json.loads(line)
        row = Row(said["bench"], said["runtime"], said.get("compiler", ""), int(said["workers"]), said["metric"], said["unit"],
                  said["better"], [float(said["value"])])
    except (ValueError, KeyError, TypeError):
        raise ProgramError(f"printed '{line}', which is not a result line") from None
    if not math.isfinite(row.samples[0]):
        raise ProgramError(f"printed '{line}', whose value is not finite")
    return row


def take(rows, metric, program):
    """Takes a metric out of the rows."""
    for row in rows:
        if row.metric == metric:
            rows.remove(row)
            return row
    raise ProgramError(f"{program} did not print {metric}")


def derived(like, metric, unit, better, value, divisor=1.0):
    if divisor == 0:
        raise ProgramError(f"{metric} cannot be computed: nothing was done in the measured time")
    return Row(like.bench, like.runtime, like.compiler, like.workers, metric, unit, better, [value / divisor])


class Server(Process):
    """A server program, from "PORT n" on."""

    def __init__(self, step, limit):
        super().__init__([step.program, 0, step.workers, *step.question.modes], limit)
        try:
            line = self.next_line()
            if not line.startswith("PORT "):
                raise ProgramError(f"{step.program} printed '{line}' and not its port")
            self.port = line.split()[1]
        except BaseException:
            self.__exit__()
            raise

    def next_line(self):
        line = self.read_line()
        if line is None:
            self.finish()
            self.fail("ended before it was told to")
        return line

    def start_window(self):
        self.write_line("start")
        # Not before the server says so: one that starves its own threads takes a while to hear.
        line = self.next_line()
        if line != "STARTED":
            raise ProgramError(f"{self.command[0]} printed '{line}' and not STARTED")

    def stop_window(self):
        self.write_line("stop")
        return [row_of(line) for line in iter(self.next_line, "STOPPED")]


def run_load(folder, server, connections, seconds, rate=0):
    command = [folder.path / "loadgen", "--port", server.port, "--connections", connections, "--seconds", f"{seconds:g}"]
    if rate:
        # As a client on another machine would be: not kept from its processor by the load that it looks at.
        command += ["--rate", rate, "--first", 1]
    with Process(command, seconds + 30) as generator:
        return [row_of(line) for line in generator.finish()]


def measure_program(step, quick, limit):
    size = step.question.size_for(step.runtime, quick)
    with Process([step.program, size, step.workers, *step.question.modes], limit or step.question.seconds * 60 + 60) as process:
        rows = [row_of(line) for line in process.finish()]
    # A smaller size is answered per item only: totals of unlike sizes would invite comparison.
    if size != step.question.size_for("", quick):
        for total in ("wall", "cpu", "peak_rss"):
            take(rows, total, step.program)
    return rows


def measure_echo(step, folder, quick, limit):
    with Server(step, limit or 120) as server:
        server.start_window()
        printed = run_load(folder, server, step.question.size, 0.5 if quick else 2)
        window = server.stop_window()
        server.finish()
    cpu, answered = take(window, "cpu", step.program), take(printed, "answered", "loadgen")
    take(printed, "max", "loadgen")
    rows = [derived(cpu, r.metric, r.unit, r.better, r.samples[0]) for r in printed]
    rows.append(derived(cpu, "cpu_per_req", "us", "lower", cpu.samples[0] * 1e3, answered.samples[0]))
    return [*rows, take(window, "peak_rss", step.program)]


def measure_mixed(step, folder, quick, limit):
    seconds = 0.7 if quick else 2
    computes = step.question.modes[0] != "none"
    with Server(step, limit or 120) as server:
        def alone():
            if not computes:
                return 0
            server.start_window()
            pause(seconds / 2)
            return take(server.stop_window(), "leaves_per_s", step.program).samples[0]

        pause(0.3)
        # Half of the time without load before, half after it: a drift of the machine's speed then hits both alike.
        before = alone()
        server.start_window()
        printed = run_load(folder, server, step.question.size, seconds, MIXED_RATE)
        window = server.stop_window()
        after = alone()
        server.finish()
    take(printed, "answered", "loadgen")
    take(printed, "max", "loadgen")
    like = take(window, "peak_rss", step.program)
    rows = [like, *(derived(like, r.metric, r.unit, r.better, r.samples[0]) for r in printed)]
    if computes:
        loaded = take(window, "leaves_per_s", step.program)
        without = (before + after) / 2
        rows += [loaded, derived(like, "leaves_per_s_alone", "1/s", "higher", without),
                 derived(like, "leaves_kept", "%", "higher", 100 * loaded.samples[0], without)]
    return rows


def measure(step, folder, quick, limit):
    """Raises ProgramError where the program fails. `limit`: seconds that it may take; 0: far more than it should."""
    if step.question.kind == "program":
        rows = measure_program(step, quick, limit)
    else:
        rows = (measure_echo if step.question.kind == "echo" else measure_mixed)(step, folder, quick, limit)
    if not rows:
        raise ProgramError(f"{step.program} printed no result")
    for row in rows:
        row.bench = step.question.name
    return rows
