# SPDX-License-Identifier: MIT
"""`jay bench report`: one HTML page that fetches nothing, tables for a document, or one plot."""

import pathlib

import chart
import results as results_module
from chart import escape
from questions import QUESTIONS, select
from results import figure

FACTS = {"date": "Date", "cpu": "Processor", "processors": "Processors", "virtual": "Virtual machine", "memory_mib": "Memory, MiB",
         "system": "System", "kernel": "Kernel", "compilers": "Compilers", "jay": "jay", "load_average": "Load before",
         "repeat": "Runs of each", "quick": "Quick run, not for figures"}
SECTIONS = [
    ("Compute and I/O together", "An echo server at a fixed 2,000 requests a second, while every worker of the same process runs "
     "endless fork-join. Latency counts from when a request was due.", lambda q: q.kind == "mixed"),
    ("Fork-join", "What a fork and its join cost.", lambda q: q.title.startswith("fork-join")),
    ("Tasks, queues, timers", "What a task, a message and a sleeper cost.",
     lambda q: q.kind == "program" and not q.title.startswith("fork-join")),
    ("Echo", "64 bytes over loopback; the client takes a processor of its own, so read it as cost of a request.",
     lambda q: q.kind == "echo"),
]
HEADLINES = ["mixed_fine", "mixed_coarse_compute", "fib", "skynet", "spawn", "pingpong", "timers", "echo_64"]
# What takes longer than so many times jay's is cut off in a plot, and says how many times it was.
MOST_SHOWN = 6


def style():
    return (pathlib.Path(__file__).resolve().parent / "style.css").read_text()


def workers_text(count):
    return f"{count} worker{'' if count == 1 else 's'}"


def fact(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    return ", ".join(map(fact, value)) if isinstance(value, list) else str(value)


def facts(results):
    known = results.environment
    return [(title, fact(known[key])) for key, title in FACTS.items() if key in known and (key != "quick" or known[key])]


def sections(results):
    for title, text, belongs in SECTIONS:
        questions = [q for q in QUESTIONS.values() if belongs(q) and results.workers(q.name)]
        if questions:
            yield title, text, questions


def series_of(results):
    """jay is series 0; the others keep their colour in all plots of one file, in the order of their names."""
    others = sorted({row.runtime for row in results.rows.values()} - {"jay"})
    return {"jay": 0, **{name: 1 + i % 7 for i, name in enumerate(others)}}


# ---- a document

def markdown(results):
    text = "".join(f"* {name}: {value}\n" for name, value in facts(results))
    text += "\nMedian (+-: half the range that holds the median with 95 %, as a share of it).\n\n"
    for title, words, questions in sections(results):
        text += f"## {title}\n\n{words}\n\n" + "".join(markdown_table(results, q) for q in questions)
    for f in results.failures:
        text += f"* failed: {f['bench']} {f['runtime']}, {f['workers']} workers: {f['reason']}\n"
    return text


def markdown_table(results, question):
    """A line for each runtime, a column for each metric and number of workers."""
    columns, runtimes = [], {}
    for metric, title in question.shown:
        for workers in results.workers(question.name):
            rows = results.standings(question.name, workers, metric)
            if rows:
                columns.append((workers, metric, f"{title}, {workers_text(workers)}"))
                runtimes |= dict.fromkeys(row.runtime for row in rows)
    text = f"### {question.name}\n\n{question.title}.\n\n| runtime |" + "".join(f" {title} |" for _, _, title in columns)
    text += "\n|---|" + "---:|" * len(columns) + "\n"
    for runtime in runtimes:
        found = [results.find(question.name, runtime, workers, metric) for workers, metric, _ in columns]
        cells = [f"{row.figure()} ({row.spread()})" if row else "" for row in found]
        text += f"| {'**jay**' if runtime == 'jay' else runtime} |" + "".join(f" {cell} |" for cell in cells) + "\n"
    return text + "\n"


# ---- a plot

def plot(results, names):
    series, groups = series_of(results), []
    for question in select(names):
        counts = results.workers(question.name)
        rows = results.standings(question.name, counts[-1], question.shown[0][0]) if counts else []
        if len(rows) > 1 and rows[0].runtime == "jay":
            groups.append((f"{question.title} ({question.shown[0][1]})", [plot_bar(row, rows[0].middle, series) for row in rows]))
    if not groups:
        raise RuntimeError("nothing to plot: the results have no question that jay and a peer answered")
    svg = chart.bars(groups, "time, or the inverse of a rate, beside jay's: shorter is better")
    svg = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return svg.replace("\n", f"\n<style><![CDATA[\n{style()}]]></style>\n"
                             '<rect width="100%" height="100%" style="fill: var(--card)"/>\n', 1)


def plot_bar(row, base, series):
    ratio, a, b = ((value / base if row.lower else base / value) for value in (row.middle, *row.range))
    words = f"{row.figure()} ({ratio:.0f} x)" if ratio > MOST_SHOWN else row.figure()
    return (row.runtime, words, f"{row.runtime}: {row.figure()}, {ratio:.2f} x", min(ratio, MOST_SHOWN),
            (min(a, b, MOST_SHOWN), min(max(a, b), MOST_SHOWN)), series[row.runtime])


# ---- a page

def bars(results, question, metric, title, series):
    groups, lower = [], True
    for workers in results.workers(question.name):
        group = []
        for row in results.standings(question.name, workers, metric):
            lower = row.lower
            low, high = (figure(value, row.unit) for value in row.range)
            note = f"{row.runtime}: median {row.figure()}, {low} to {high}, {len(row.samples)} runs, {row.compiler}"
            group.append((row.runtime, row.figure(), note, row.middle, row.range, series[row.runtime]))
        if group:
            groups.append((workers_text(workers), group))
    return chart.bars(groups, f"{title} ({'shorter' if lower else 'longer'} is better)")


def percentiles(results, question, workers, series):
    rows = []
    for first in results.standings(question.name, workers, "p50"):
        found = [results.find(question.name, first.runtime, workers, metric) for metric in ("p50", "p99", "p999")]
        if all(found):
            rows.append((first.runtime, [row.middle for row in found], series[first.runtime]))
    return chart.percentiles(rows, ["p50", "p99", "p99.9"])


def details(results, question):
    text = ('<details><summary>Figures</summary><div class="wide"><table>\n<tr><th>runtime</th><th>workers</th>'
            '<th class="left">metric</th><th>median</th><th>best</th><th>+-</th><th>against jay</th>'
            '<th class="left">compiler</th></tr>\n')
    metrics = dict.fromkeys(row.metric for row in results.rows.values() if row.bench == question.name)
    for workers in results.workers(question.name):
        for metric in metrics:
            rows = results.standings(question.name, workers, metric)
            jay = rows[0] if rows and rows[0].runtime == "jay" else None
            own = ' class="own"'
            for row in rows:
                text += (f"<tr{own if row is jay else ''}><td>{escape(row.runtime)}</td>"
                         f'<td>{row.workers}</td><td class="left">{escape(row.metric)}</td><td>{row.figure()}</td>'
                         f"<td>{figure(row.best, row.unit)}</td><td>{row.spread()}</td><td>{row.against(jay)}</td>"
                         f'<td class="left">{escape(row.compiler)}</td></tr>\n')
    return text + "</table></div></details>\n"


def question_figure(results, question, series):
    charts = ""
    if question.kind == "program":
        charts = bars(results, question, *question.shown[0], series)
    else:
        for workers in results.workers(question.name):
            charts += (f'<p class="soft">Latency, {workers_text(workers)}, logarithmic</p>\n'
                       + percentiles(results, question, workers, series))
        rate = "req_per_s" if question.kind == "echo" else "leaves_per_s"
        charts += "".join(bars(results, question, metric, title, series) for metric, title in question.shown if metric == rate)
    if not charts:
        return ""
    return (f'<figure id="{question.name}"><h3>{question.name}</h3><figcaption>{escape(question.title)}</figcaption>\n'
            f"{charts}{details(results, question)}</figure>\n")


def scaling(results, question, series):
    counts, lines = results.workers(question.name), []
    if len(counts) < 2 or counts[0] != 1:
        return ""
    metric = question.shown[0][0]
    for base in results.standings(question.name, 1, metric):
        rows = [results.find(question.name, base.runtime, workers, metric) for workers in counts]
        points = [(row.workers, base.middle / row.middle if row.lower else row.middle / base.middle)
                  for row in rows if row and row.middle > 0 and base.middle > 0]
        if len(points) > 1:
            lines.append((base.runtime, points, series[base.runtime]))
    svg = chart.scaling(lines)
    return svg and (f"<figure><h3>{question.name}</h3><figcaption>speed-up over one worker; dashed: as many times as workers"
                    f"</figcaption>\n{svg}</figure>\n")


def cards(results):
    """jay against the best of the others at some questions, with the most workers."""
    text = ""
    for name in HEADLINES:
        counts, (metric, title) = results.workers(name), QUESTIONS[name].shown[0]
        rows = results.standings(name, counts[-1], metric) if counts else []
        if len(rows) < 2 or rows[0].runtime != "jay" or rows[0].middle <= 0 or rows[1].middle <= 0:
            continue
        jay, best = rows[:2]
        ratio = best.middle / jay.middle if jay.lower else jay.middle / best.middle
        same = jay.overlaps(best)
        kind = "" if same else "good" if ratio > 1 else "bad"
        words = "even" if same else f"{ratio:.{0 if ratio >= 9.95 else 2 if ratio < 1 else 1}f} x"
        meaning = (f"{title}, {jay.figure()} against {best.figure()} of {best.runtime}, the best peer; "
                   f"{workers_text(counts[-1])}")
        text += (f'<div class="card"><span class="what">{name}</span><b class="{kind}">{words}</b>'
                 f"<span>{escape(meaning)}</span></div>\n")
    return text and f'<div class="cards">\n{text}</div>\n'


def failures(results):
    if not results.failures:
        return ""
    items = "".join(f"<li>{escape(f['bench'])} {escape(f['runtime'])}, {workers_text(f['workers'])}: {escape(f['reason'])}</li>\n"
                    for f in results.failures)
    return f'<div class="notice"><b>Failed</b><ul>\n{items}</ul></div>\n'


def html(results):
    series = series_of(results)
    text = ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            'content="width=device-width, initial-scale=1">\n<title>jay: benchmarks</title>\n<style>\n' + style() +
            "</style></head>\n<body><main>\n<h1>jay beside its peers</h1>\n"
            '<p class="soft">The same problem, the same checks and the same output for every runtime; run in turn on one '
            "machine. Medians; whiskers show the range that holds the median with 95 %.</p>\n<dl class=\"facts\">\n")
    text += "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in facts(results))
    text += "</dl>\n" + failures(results) + cards(results)
    for title, words, questions in sections(results):
        figures = "".join(question_figure(results, q, series) for q in questions)
        text += f'<h2>{title}</h2>\n<p class="soft">{words}</p>\n<div class="grid">\n{figures}</div>\n'
    curves = "".join(scaling(results, q, series) for q in QUESTIONS.values()
                     if q.kind == "program" and not q.name.startswith("timers"))
    if curves:
        text += f'<h2>Scaling</h2>\n<div class="grid">\n{curves}</div>\n'
    return (text + "<footer>Made by <code>jay bench report</code>. This file needs no network.</footer>\n"
            "</main></body></html>\n")


def report(options):
    results = results_module.load(options.results)
    text = plot(results, options.only) if options.plot else markdown(results) if options.markdown else html(results)
    if options.out:
        results_module.write_file(options.out, text)
        print(options.out)
    else:
        print(text, end="")
    return 0
