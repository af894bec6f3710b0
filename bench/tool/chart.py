# SPDX-License-Identifier: MIT
"""Plots as SVG text. Colours and fonts come from style.css: series n has the class "s<n>"."""

import html
import math

from results import figure

# All in the units of the viewBox; the page scales it to its column.
WIDTH, LABEL, VALUE, BAR, GAP, TITLE = 640, 128, 120, 20, 6, 24


def escape(words):
    return html.escape(words, quote=False).replace('"', "&quot;")


def svg(height, description, content):
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(description)}">\n{content}</svg>\n'


def text(x, y, classes, words):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}">{escape(words)}</text>\n'


def line(x1, y1, x2, y2, classes):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{classes}"/>\n'


def dot(x, y, radius, series, words):
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" class="s{series}"><title>{escape(words)}</title></circle>\n'


def own(classes, series):
    return classes + (" own" if series == 0 else "")


def tick(microseconds):
    """A power of ten: "100 us", not "100.0 us"."""
    number, unit = figure(microseconds, "us").split(" ")
    return f"{number.split('.')[0]} {unit}"


def bars(groups, caption):
    """Horizontal bars from zero, whiskers for the ranges. A group is (title, [bar]), a bar (label, text, note, value, range,
    series). `caption` names the axis."""
    most = max((max(value, high) for _, group in groups for _, _, _, value, (_, high), _ in group), default=0)
    if most <= 0:
        return ""
    scale = (WIDTH - LABEL - VALUE) / most
    content, y = "", 4
    for title, group in groups:
        content += text(0, y + 14, "group", title)
        y += TITLE
        for label, words, note, value, (low, high), series in group:
            middle, length = y + BAR / 2, max(value * scale, 1)
            low, high = LABEL + low * scale, LABEL + high * scale
            content += f"<g><title>{escape(note)}</title>\n" + text(LABEL - 8, middle + 4.5, own("label", series), label)
            content += (f'<rect x="{LABEL:.1f}" y="{y:.1f}" width="{length:.1f}" height="{BAR}" rx="3" class="s{series}"/>\n')
            content += line(low, middle, high, middle, "whisker")
            content += "".join(line(x, middle - 4, x, middle + 4, "whisker") for x in (low, high))
            content += text(max(LABEL + length, high) + 8, middle + 4.5, own("value", series), words) + "</g>\n"
            y += BAR + GAP
        y += 6
    return svg(y + 20, caption, content + text(LABEL, y + 12, "axis", caption))


def percentiles(rows, names):
    """A row (label, values, series) for each runtime: its percentiles as dots on a logarithmic axis, microseconds."""
    values = [value for _, row, _ in rows for value in row]
    if not values or max(values) <= 0:
        return ""
    # At least a decade, from and to whole powers of ten.
    first = math.floor(math.log10(min(value for value in values if value > 0)))
    last = max(math.ceil(math.log10(max(values))), first + 1)
    # Some room at the left, where the first point's text would meet the row's name.
    left, right, height, top = LABEL + 28, WIDTH - 24, 40, 8
    bottom = top + height * len(rows)

    def x_of(value):
        return left + (math.log10(max(value, 10.0**first)) - first) / (last - first) * (right - left)

    content = ""
    for decade in range(first, last + 1):
        x = x_of(10.0**decade)
        content += line(x, top, x, bottom, "grid") + text(x, bottom + 16, "axis middle", tick(10.0**decade))
        for part in range(2, 10) if decade < last else ():
            minor = x_of(part * 10.0**decade)
            content += line(minor, top, minor, bottom, "grid minor")
    y = top + height / 2
    for label, row, series in rows:
        content += text(LABEL - 8, y + 4.5, own("label", series), label)
        content += line(x_of(row[0]), y, x_of(row[-1]), y, f"range s{series}")
        last_x = -1000
        for name, value in zip(names, row):
            x = x_of(value)
            content += dot(x, y, 5, series, f"{label} {name}: {figure(value, 'us')}")
            # Labels that would meet are left to the tooltip and the table.
            if x - last_x > 62:
                content += text(x, y - 9, "point middle", f"{name} {figure(value, 'us')}")
                last_x = x
        y += height
    return svg(bottom + 24, "latency percentiles, logarithmic", content)


def scaling(lines):
    """Speed-up over the number of workers, with the straight line that nobody beats. A line is (label, [(workers, speed-up)],
    series)."""
    most = max((max(point) for _, points, _ in lines for point in points), default=1)
    if most <= 1:
        return ""
    left, right, top, bottom = 36, WIDTH - 110, 10, 240

    def x_of(workers):
        return left + (workers - 1) / (most - 1) * (right - left)

    def y_of(speed_up):
        return bottom - speed_up / most * (bottom - top)

    step = 1 if most <= 8 else math.ceil(most / 8)
    content = ""
    for at in range(0, int(most) + 1, step):
        content += line(left, y_of(at), right, y_of(at), "grid") + text(left - 8, y_of(at) + 4, "axis end", str(at))
    for at in range(1, int(most) + 1, step):
        content += text(x_of(at), bottom + 16, "axis middle", str(at))
    content += line(x_of(1), y_of(1), x_of(most), y_of(most), "ideal")
    taken = []
    for label, points, series in lines:
        path = " L".join(f"{x_of(workers):.1f} {y_of(speed_up):.1f}" for workers, speed_up in points)
        content += f'<path d="M{path}" class="curve s{series}"/>\n'
        for workers, speed_up in points:
            content += dot(x_of(workers), y_of(speed_up), 4, series, f"{label}: {speed_up:.2f} with {workers} workers")
        # Names stand at the right end, moved down where two would meet.
        y = y_of(points[-1][1]) + 4
        while met := [other for other in taken if abs(other - y) < 14]:
            y = max(met) + 14
        taken.append(y)
        content += text(x_of(points[-1][0]) + 10, y, own("name", series), f"{label} {points[-1][1]:.2f}")
    content += text((left + right) / 2, bottom + 32, "axis middle", "workers")
    return svg(max([bottom + 38, *(y + 8 for y in taken)]), "speed-up over the number of workers", content)
