# SPDX-License-Identifier: MIT
"""The questions of bench/questions.toml, and who answers them."""

import dataclasses
import difflib
import os
import pathlib
import tomllib

# Plain code, and runtimes with one event loop.
ONE_WORKER = {"serial", "python", "uvloop", "libuv"}


class UsageError(Exception):
    """The command line is wrong."""


@dataclasses.dataclass
class Question:
    name: str
    title: str
    size: int
    seconds: float
    shown: list
    program: str = ""
    kind: str = "program"
    modes: list = dataclasses.field(default_factory=list)
    quick: int = 0
    slower: dict = dataclasses.field(default_factory=dict)
    jay_only: bool = False
    most_workers_only: bool = False
    left_out: list = dataclasses.field(default_factory=list)
    wakeups: int = 0
    wakeups_slower: dict = dataclasses.field(default_factory=dict)
    wakeups_items: int = 0

    def size_for(self, runtime, quick):
        usual = (self.quick or self.size) if quick else self.size
        return min(usual, self.slower.get(runtime, usual))


@dataclasses.dataclass
class Step:
    """One run of one program."""
    question: Question
    runtime: str  # a folder below peers/, or "jay"
    program: pathlib.Path
    workers: int


def load():
    with open(pathlib.Path(__file__).resolve().parent.parent / "questions.toml", "rb") as file:
        text = tomllib.load(file)
    made = [Question(**{**q, "program": q.get("program", q["name"]), "shown": text["shown"][q["shown"]]})
            for q in text["question"]]
    return {question.name: question for question in made}


QUESTIONS = load()


def unknown(what, word, known):
    near = difflib.get_close_matches(word, known, 1)
    rest = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
    return UsageError(f"unknown {what} '{word}'; {rest}")


def select(words, quick=False):
    """The questions that the words stand for, in the order of the list: a name, which means that one alone, or the first
    part of several. All of them where there is no word."""
    if not words:
        return [q for q in QUESTIONS.values() if q.quick or not quick]
    chosen = set()
    for word in words:
        found = [word] if word in QUESTIONS else [name for name in QUESTIONS if name.startswith(word + "_")]
        if not found:
            raise unknown("benchmark", word, list(QUESTIONS))
        chosen.update(found)
    return [q for q in QUESTIONS.values() if q.name in chosen]


def is_program(path):
    return path.is_file() and os.access(path, os.X_OK)


class Folder:
    """Where the programs are, as CMake leaves them: DIR/QUESTION and DIR/peers/PEER/QUESTION."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        if not any(is_program(self.path / q.program) for q in QUESTIONS.values()):
            raise UsageError(f"no benchmark programs in {path}: build them (cmake -DJAY_BUILD_BENCH=ON) or name their "
                             "folder with --bin")

    def peers(self, words):
        """"tbb,go", "all" or "none" as folders below peers/. "asio" also stands for asio_tbb."""
        peers = self.path / "peers"
        present = sorted(p.name for p in peers.iterdir() if p.is_dir()) if peers.is_dir() else []
        chosen = set()
        for word in words:
            found = present if word == "all" else [p for p in present if word == p or word in p.split("_")]
            if not found and word not in ("all", "none"):
                raise unknown("peer (or it is not built)", word, [*present, "all", "none"])
            chosen.update(found)
        return sorted(chosen)

    def steps(self, question, peers, workers):
        """jay first, then the peers; whoever has no such program, or needs fewer workers, is left out."""
        found = [("jay", self.path / question.program)]
        for peer in peers:
            if not question.jay_only and peer not in question.left_out:
                found += [(peer, self.path / "peers" / peer / (question.program + end)) for end in ("", ".py")]
        return [Step(question, runtime, program, workers) for runtime, program in found
                if is_program(program) and (workers == 1 or runtime not in ONE_WORKER)]
