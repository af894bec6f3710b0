# SPDX-License-Identifier: MIT
"""The rule of tools/lint for atomic operations: an order is explained where it stands.

An operation is a statement with a memory order, or with a member function of an atomic and no order (seq_cst), or a
call of asymmetric_light or asymmetric_heavy. What explains it is a comment on the statement; or directly above it; or
the same for the statement above, where that has an operation too, or opens the block.

    not relaxed   the comment names its partner: a tag, as [C1], that stands on another line of the libraries as well, or
                  "with NAME", where NAME is a function that has an atomic operation, or an atomic
    relaxed       the comment says "relaxed: REASON". Above the head of a function or class it holds for all that is inside;
                  at the declaration of an atomic, for all operations on it. (Where several atomics of the libraries have
                  one name, each of them has to say it.) The relaxed order of a compare-and-swap that fails needs none.
"""

import re

ORDER = re.compile(r"\bmemory_order(?:_|::)(acquire|release|acq_rel|seq_cst|consume|relaxed)\b|\b(asym_load|asym_store)\b")
CALL = re.compile(r"([\w\]\)]+)\s*(?:\.|->)\s*(load|store|exchange|fetch_\w+|compare_exchange_\w+|test_and_set)\(")
SHORT = re.compile(r"\b(?:load|store|exchange|fetch_\w+|compare_exchange_\w+)\([^;]*\brelaxed\b")
FENCE = re.compile(r"(?<!inline void )\basymmetric_(?:light|heavy)\(\)")
NO_OPERATION = re.compile(r"\bstd::memory_order \w+\s*[=,)]")  # an alias, a parameter
TAG = re.compile(r"\[([A-Z]+\d+)\]")
WITH = re.compile(r"\bwith (?:(?:the|its|each|every|that|those|other|own|another|loads?|stores?|acquire|release|in|of|one|heavy|light) )*(~?[\w:]+)")
REASON = re.compile(r"\brelaxed: \S")
DECLARED = re.compile(r"\batomic<[^;()]*>\s+(\w+(?:\{[^}]*\})?(?:, \w+(?:\{[^}]*\})?)*)\s*(?:=[^;]*)?;")
LABEL = re.compile(r"\s*(?:public|private|protected|default|case [\w:]+):$")
FUNCTION = re.compile(r"([~\w]+)\s*\([^;]*$|([~\w]+)\s*\([^;]*\{")


def split(line):
    """A line's code, with empty strings, and its comment."""
    line = re.sub(r'"(?:\\.|[^"\\])*"', '""', line)
    code, _, comment = line.partition("//")
    return code.rstrip(), re.sub(r"LINT: \w+.*$", "", comment)


def indent(code):
    return len(code) - len(code.lstrip())


class Source:
    def __init__(self, file):
        self.name = file.name
        self.stem = file.path.stem
        self.code, self.comment = zip(*(split(line) for line in file.lines))

    def is_comment(self, i):
        return i >= 0 and not self.code[i] and bool(self.comment[i].strip())

    def start(self, i):
        """The first line of the statement that line i belongs to."""
        while i > 0:
            above = i - 1
            while self.is_comment(above):
                above -= 1
            code = self.code[above] if above >= 0 else ""
            if not code or code[-1] in ";{}:" or code.lstrip().startswith("#"):
                return i
            i = above
        return i

    def end(self, i):
        while i + 1 < len(self.code) and (not self.code[i] or self.code[i][-1] not in ";{}") and not LABEL.match(self.code[i]):
            i += 1
        return i

    def statement(self, i):
        return self.start(i), self.end(i)

    def text(self, first, last):
        return "\n".join(self.code[first:last + 1])

    def comments(self, first, last):
        """Those on the lines, and directly above the first."""
        above = first
        while self.is_comment(above - 1):
            above -= 1
        return " ".join(self.comment[above:max(first, last + 1)]), above < first

    def kinds(self, first, last):
        """Of the operations in these lines: a set of "relaxed", "ordered"."""
        code = self.text(first, last)
        found = set()
        if NO_OPERATION.search(code):
            return found
        for named, alias in ORDER.findall(code):
            found.add("relaxed" if named == "relaxed" else "ordered")
        if SHORT.search(code):
            found.add("relaxed")
        if FENCE.search(code):
            found.add("ordered")
        if "compare_exchange" in code and "ordered" in found and not re.search(r"\bload\(|\bstore\(", code):
            found.discard("relaxed")
        if self.without_order(code):
            found.add("ordered")
        return found

    def without_order(self, code):
        for match in CALL.finditer(code):
            depth, i = 1, match.end()
            while depth and i < len(code):
                depth += {"(": 1, ")": -1}.get(code[i], 0)
                i += 1
            inside = code[match.end():i]
            if ORDER.search(inside) or re.search(r"\brelaxed\b", inside):
                continue
            if match.group(2) not in ("load", "store") or match.group(1) in self.atomics:
                return True
        names = "|".join(map(re.escape, self.atomics))
        return bool(names) and bool(re.search(rf"(?:^|[;{{(]|\.|->)\s*(?:\+\+|--)?\b({names})\b\s*(?:[-+|&^]?=(?!=)|\+\+|--)", code)
                                    or re.search(rf"(?:\+\+|--)(?:\w+(?:\.|->))*({names})\b", code))


def declarations(source):
    """Yields (line, name) of each atomic that is declared."""
    for i, code in enumerate(source.code):
        match = DECLARED.search(code)
        if match and "(" not in code[:match.start()]:
            for name in re.findall(r"(\w+)(?:\{[^}]*\})?(?:, |$)", match.group(1)):
                yield i, name


def says_relaxed(source, i):
    """The comment of a declaration, or above a run of declarations."""
    if REASON.search(source.comment[i]):
        return True
    while not source.is_comment(i - 1) and DECLARED.search(source.code[i - 1]):
        i -= 1
    text, above = source.comments(i, i - 1)
    return above and bool(REASON.search(text))


class Libraries:
    def __init__(self, files):
        self.sources = [Source(file) for file in files]
        self.tags = {}
        declared, own, other = {}, {}, {}
        for source in self.sources:
            for i, comment in enumerate(source.comment):
                for tag in TAG.findall(comment):
                    self.tags.setdefault(tag, set()).add((source.name, i))
            for i, name in declarations(source):
                declared.setdefault(name, []).append(says_relaxed(source, i))
                own.setdefault(source.stem, set()).add(name)
            for code in source.code:
                match = re.match(r"\s*(?:const )?(?!return\b|using\b|typename\b)[\w:]+(?:<.*>)?[*&]? (\w+)(?:\{.*\}|\(.*\))?;", code)
                if match and "atomic<" not in code:
                    other.setdefault(source.stem, set()).add(match.group(1))
        self.relaxed = {name for name, said in declared.items() if all(said)}
        self.names = set(declared)
        for source in self.sources:
            source.atomics = own.get(source.stem, set()) - other.get(source.stem, set())
        for source in self.sources:
            for i in range(len(source.code)):
                if source.code[i] and source.kinds(i, i):
                    for head in self.heads(source, i):
                        for groups in FUNCTION.findall(source.text(*source.statement(head))):
                            self.names.update(name for name in groups if name not in ("", "if", "while", "for", "switch"))

    @staticmethod
    def heads(source, i):
        """The statement itself, and those that open the blocks around it, innermost first."""
        first = source.start(i)
        yield first
        level = indent(source.code[first])
        for j in range(first - 1, -1, -1):
            code = source.code[j]
            if code and indent(code) < level and not code.lstrip().startswith(("#", "}", "public", "private", "protected")):
                level = indent(code)
                yield source.start(j)
            if level == 0:
                return

    def names_partner(self, text):
        if any(len(self.tags.get(tag, ())) > 1 for tag in TAG.findall(text)):
            return True
        return any(name.rstrip(":").rpartition(":")[2] in self.names for name in WITH.findall(text))

    def explained(self, source, first, last, test):
        text, above = source.comments(first, last)
        if test(text):
            return True
        i = first - 1
        if above or i < 0 or not source.code[i]:
            return False
        before = source.statement(i)
        if source.code[i].endswith("{"):
            return test(source.comments(*before)[0]) or self.in_a_row(source, *before, test)
        return self.in_a_row(source, *before, test)

    def in_a_row(self, source, first, last, test):
        return bool(source.kinds(first, last)) and self.explained(source, first, last, test)

    def has_reason(self, source, first, last):
        def test(text):
            return REASON.search(text)
        if self.explained(source, first, last, test):
            return True
        for head in list(self.heads(source, first))[1:]:
            if test(source.comments(*source.statement(head))[0]):
                return True
        calls = re.findall(r"([\w\]\)]+)\s*(?:\.|->)\s*(?:load|store|exchange|fetch_\w+|compare_exchange_\w+)\([^;]*?\b(?:memory_order_)?relaxed\b",
                           source.text(first, last))
        return bool(calls) and all(name in self.relaxed for name in calls)

    def findings(self):
        for source in self.sources:
            done = -1
            for i, code in enumerate(source.code):
                if i <= done or not code or code.lstrip().startswith("#"):
                    continue
                first, last = source.statement(i)
                done = last
                kinds = source.kinds(first, last)
                if "ordered" in kinds and not self.explained(source, first, last, self.names_partner):
                    yield source.name, i + 1, "an order without its partner: name a tag that stands there too, or 'with FUNCTION'"
                if "relaxed" in kinds and not self.has_reason(source, first, last):
                    yield source.name, i + 1, "a relaxed order without a reason: say 'relaxed: why'"


def findings(files):
    return Libraries(files).findings()
