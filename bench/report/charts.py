"""Charts as inline SVG. Narrow, so that they are readable on a phone; colours come from the page's CSS (classes s0 to
s7 for series), so that they follow its light and dark themes."""
import html
import math

WIDTH, LEFT, RIGHT = 360, 112, 60
ROW, BAR = 26, 14


def text(x, y, what, anchor="start", kind="label"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{html.escape(str(what))}</text>'


def number(value):
    """Three significant digits, as people write them."""
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(0, digits)}f}"


def svg(height, title, body):
    return (f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{html.escape(title)}">'
            f"{''.join(body)}</svg>")


def bars(title, rows):
    """One bar for each row (label, median, least, greatest, series); a whisker from least to greatest."""
    top = max((row[3] for row in rows), default=0) or 1
    scale = (WIDTH - LEFT - RIGHT) / top
    body = []
    for place, (label, median, least, greatest, series) in enumerate(rows):
        y = place * ROW + 6
        middle = y + BAR / 2
        body.append(text(LEFT - 6, middle + 4, label, "end"))
        body.append(f'<rect x="{LEFT}" y="{y}" width="{max(1, median * scale):.1f}" height="{BAR}" rx="2" class="s{series}"/>')
        body.append(f'<path d="M{LEFT + least * scale:.1f} {middle}H{LEFT + greatest * scale:.1f}" class="whisker"/>')
        body.append(text(LEFT + greatest * scale + 5, middle + 4, number(median), kind="value"))
    return svg(len(rows) * ROW + 8, title, body)


def decades(least, greatest):
    """1, 2 and 5 times the powers of ten between two positive values."""
    result = []
    for power in range(math.floor(math.log10(least)), math.ceil(math.log10(greatest)) + 1):
        result += [step * 10.0 ** power for step in (1, 2, 5)]
    return [value for value in result if least <= value <= greatest]


def curves(title, series, unit, height=230):
    """Distributions: for each (name, colour, [(share, value), ...]) the share of samples up to a value; values on a
    logarithmic axis."""
    values = [value for _, _, points in series for _, value in points if value > 0]
    if not values:
        return ""
    least, greatest = min(values) * 0.9, max(values) * 1.1
    left, right, top, bottom = 36, 8, 8, 30
    plot_width, plot_height = WIDTH - left - right, height - top - bottom

    def x(value):
        return left + plot_width * math.log(value / least) / math.log(greatest / least)

    def y(share):
        return top + plot_height * (1 - share)

    body = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        body.append(f'<path d="M{left} {y(share):.1f}H{WIDTH - right}" class="grid"/>')
        body.append(text(left - 4, y(share) + 4, f"{share:.0%}", "end", "tick"))
    ticks = decades(least, greatest)
    for value in ticks if len(ticks) <= 7 else [v for v in ticks if str(v)[0] == "1" or v < 1] or ticks[::3]:
        body.append(f'<path d="M{x(value):.1f} {top}V{top + plot_height}" class="grid"/>')
        body.append(text(x(value), height - 16, number(value), "middle", "tick"))
    body.append(text(WIDTH - right, height - 3, unit, "end", "tick"))
    for _, colour, points in series:
        path = "L".join(f"{x(value):.1f} {y(share):.1f}" for share, value in points if value > 0)
        body.append(f'<path d="M{path}" class="line l{colour}"/>')
    return svg(height, title, body)


def legend(series):
    items = "".join(f'<li><i class="b{colour}"></i>{html.escape(name)}</li>' for name, colour in series)
    return f'<ul class="legend">{items}</ul>'
