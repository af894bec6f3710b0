# SPDX-License-Identifier: MIT
"""`jay bench run`: makes a plan, runs the programs in turn, prints the tables."""

import os
import sys
import time

import measure
import results as results_module
from process import Interrupts, ProgramError
from questions import Folder, select


def workers_text(count):
    return f"{count} worker{'' if count == 1 else 's'}"


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


def make_plan(options, folder, peers):
    """Rounds: lists of the steps of one question with one number of workers, which are run in turn. And the questions that jay
    has no program for."""
    rounds, missing = [], []
    for question in select(options.names, options.quick):
        counts = options.workers[-1:] if question.most_workers_only else options.workers
        steps = [folder.steps(question, peers, count) for count in counts]
        if not any(step.runtime == "jay" for one in steps for step in one):
            missing.append(question.name)
        rounds += [one for one in steps if one]
    return rounds, missing


def guess(step, quick):
    """How many seconds a step may take."""
    seconds = step.question.seconds
    if not quick:
        return seconds
    return 0.2 + seconds * 0.1 if step.question.kind == "program" else seconds * 0.5


def time_text(seconds):
    return f"{max(seconds, 1):.0f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60} s"


class Progress:
    """One line that is written over on a terminal; elsewhere a line for each round."""

    def __init__(self, steps, seconds):
        self.steps, self.left = steps, seconds
        self.done = self.guessed = self.took = 0
        self.terminal = sys.stderr.isatty()

    def begin(self, step, turn, first):
        # What is left of the guess, corrected by how wrong the guess was so far.
        left = time_text(self.left * (self.took / self.guessed if self.guessed else 1))
        place = f"[{self.done + 1}/{self.steps}] {step.question.name}"
        if self.terminal:
            turn_text = f"run {turn}" if turn else "warm-up"
            say(f"\r\033[K{place} {step.runtime} {workers_text(step.workers)}, {turn_text}; {left} left", end="")
        elif first:
            say(f"{place} {workers_text(step.workers)}; {left} left")

    def end(self, guessed, took):
        self.done += 1
        self.left -= guessed
        self.guessed += guessed
        self.took += took

    def clear(self):
        if self.terminal:
            say("\r\033[K", end="")


def run_round(steps, folder, options, progress, results):
    """Everybody once to warm up, then A B A B. A program that fails is left out of the rest of its round."""
    failed = set()
    for turn in range(options.repeat + 1):
        for step in steps:
            begun = time.monotonic()
            if step.program not in failed:
                progress.begin(step, turn, turn == 0 and step is steps[0])
                try:
                    rows = measure.measure(step, folder, options.quick, options.time_limit)
                    for row in rows if turn else []:
                        results.add(row)
                except ProgramError as e:
                    failed.add(step.program)
                    results.failures.append({"bench": step.question.name, "runtime": step.runtime, "workers": step.workers,
                                             "reason": str(e)})
                    progress.clear()
                    say(f"FAILED {step.question.name} {step.runtime}, {step.workers} worker(s): {e}")
            progress.end(guess(step, options.quick), time.monotonic() - begun)


def table(results, question, workers):
    """One question and number of workers, for a terminal."""
    if not results.standings(question.name, workers, question.shown[0][0]):
        return ""
    text = f"\n{question.name}: {question.title}, {workers_text(workers)}\n"
    for metric, title in question.shown:
        rows = results.standings(question.name, workers, metric)
        if not rows:
            continue
        jay = rows[0] if rows[0].runtime == "jay" else None
        lower = rows[0].lower
        text += (f"  {title + (' (lower is better)' if lower else ' (higher is better)'):<44} {'median':>10} "
                 f"{'least' if lower else 'most':>10} {'+-':>8}   {'against jay' if jay else ''}\n")
        for row in rows:
            text += (f"    {row.runtime:<42} {row.figure():>10} {results_module.figure(row.best, row.unit):>10} "
                     f"{row.spread():>8}   {row.against(jay)}\n")
    return text


def run(options):
    folder = Folder(options.bin)
    peers = folder.peers(options.peers)
    options.workers = sorted(set(options.workers or [1, len(os.sched_getaffinity(0))]))
    rounds, missing = make_plan(options, folder, peers)
    if not rounds:
        raise RuntimeError(f"nothing to run: {folder.path} has no program for what was asked")

    kind = "quick run (small sizes: to see that it works, not for figures)" if options.quick else "full run"
    say(f"Plan: {kind} in {folder.path}")
    for steps in rounds:
        one = steps[0]
        say(f"  {one.question.name:<22} {one.workers:>2} worker{' ' if one.workers == 1 else 's'}  "
            f"{' '.join(step.runtime for step in steps)}")
    if missing:
        say(f"  no program of jay's for: {', '.join(missing)}")
    turns = options.repeat + 1
    total = sum(guess(step, options.quick) for steps in rounds for step in steps) * turns
    say(f"Each once to warm up, then {options.repeat} times in turn; about {time_text(total)}.")
    if options.plan:
        return 0

    results = results_module.Results(results_module.environment(options.jay_version))
    results.environment |= {"repeat": options.repeat, "quick": options.quick}
    progress = Progress(sum(map(len, rounds)) * turns, total)
    stopped = False
    Interrupts.watch()
    try:
        for steps in rounds:
            run_round(steps, folder, options, progress, results)
            progress.clear()
            if not options.json:
                print(table(results, steps[0].question, steps[0].workers), end="", flush=True)
    except KeyboardInterrupt:
        stopped = True
        progress.clear()
        say("\nstopped; what was measured until here is kept")
    results.environment["compilers"] = sorted({row.compiler for row in results.rows.values()} - {""})
    if options.json:
        print(results.json(), end="")
    if options.out:
        results_module.write_file(options.out, results.json())
        say(f"\nresults: {options.out} (see them: jay bench report {options.out} -o report.html)")
    if stopped:
        return 130
    if results.failures:
        say(f"{len(results.failures)} program(s) failed")
    return 1 if results.failures else 0
