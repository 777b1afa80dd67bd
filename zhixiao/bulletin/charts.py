"""Charts as SVG with their words as text. No pyplot, no state, no clock: the same figures give the same file."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from zhixiao.bulletin.model import Figure
from zhixiao.errors import ConfigError

FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
)
STACK = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','WenQuanYi Zen Hei',sans-serif"
LABEL_SHARE = 0.085
"""Of the width of a time line, what a label with a date takes."""
FONT_FILES = re.compile(r"(NotoSansCJK|SourceHanSans|wqy-|msyh|simhei|PingFang)", re.IGNORECASE)
COLOURS = {"claimed": "#9aa5b1", "evidenced": "#1f6feb", "verified": "#0b3d91"}
OTHERS = ("#1f6feb", "#d4a72c", "#2da44e", "#8250df", "#cf222e", "#57606a")


@cache
def font_family() -> str:
    """A family with Chinese characters that is on this machine. It measures; the page's reader may use another."""
    from matplotlib import font_manager

    known = {f.name for f in font_manager.fontManager.ttflist}
    if not known & set(FAMILIES):
        for path in sorted(font_manager.findSystemFonts()):
            if FONT_FILES.search(path):
                font_manager.fontManager.addfont(path)
        known = {f.name for f in font_manager.fontManager.ttflist}
    for family in FAMILIES:
        if family in known:
            return family
    raise ConfigError(
        "没有中文字体，图表无法排版。请安装：apt-get install fonts-noto-cjk。",
        "there is no Chinese font to lay charts out with: apt-get install fonts-noto-cjk.",
    )


def bars(
    title: str,
    names: Sequence[str],
    series: Sequence[tuple[str, str, Sequence[Figure]]],
    axis: str,
    height: float = 3.0,
) -> str:
    """Groups of bars with their figures above them. A series is (label, colour, figures)."""
    with _canvas(height, title) as c:
        ax = c.axes
        width = 0.8 / max(1, len(series))
        many = len(names) * len(series) >= 30
        for i, (label, colour, figures) in enumerate(series):
            xs = [n + (i - (len(series) - 1) / 2) * width for n in range(len(names))]
            drawn = ax.bar(xs, [_height(f) for f in figures], width * 0.92, color=colour, label=label)
            ax.bar_label(
                drawn,
                labels=[f.text for f in figures],
                fontsize=8 if len(names) * len(series) < 26 else 6.5,
                padding=2,
                rotation=90 if many and max(len(f.text) for f in figures) > 3 else 0,
            )
        ax.set_xticks(range(len(names)), names)
        _wrap_names(ax, names)
        ax.set_ylabel(axis)
        ax.margins(y=0.2)
        _scale(ax.yaxis, axis)
        ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]), top=max(ax.get_ylim()[1], 110.0 if axis == "%" else 2.0))
        _legend(ax, len(series))
        return c.svg()


def ranked(title: str, rows: Sequence[tuple[str, Figure]], axis: str, colour: str) -> str:
    """Boards from the best down, one bar each."""
    with _canvas(max(1.6, 0.26 * len(rows) + 0.9), title) as c:
        ax = c.axes
        drawn = ax.barh(range(len(rows)), [_height(f) for _, f in rows], 0.7, color=colour)
        ax.bar_label(drawn, labels=[f.text for _, f in rows], fontsize=8, padding=3)
        ax.set_yticks(range(len(rows)), [n for n, _ in rows])
        ax.invert_yaxis()
        ax.set_xlabel(axis)
        ax.margins(x=0.12)
        ax.set_xlim(right=max(ax.get_xlim()[1], 110.0))
        return c.svg()


def stacked(title: str, names: Sequence[str], series: Sequence[tuple[str, Sequence[Figure]]], axis: str) -> str:
    """Counts on top of each other; what is too low to read stands in the workbook alone."""
    with _canvas(3.2, title) as c:
        ax = c.axes
        floor = [0.0] * len(names)
        sums = [sum(_height(figures[i]) for _, figures in series) for i in range(len(names))]
        readable = max(1.0, 0.055 * max(sums, default=0.0))
        for (label, figures), colour in zip(series, OTHERS, strict=False):
            heights = [_height(f) for f in figures]
            drawn = ax.bar(range(len(names)), heights, 0.7, bottom=floor, color=colour, label=label)
            written = [f.text if h >= readable else "" for f, h in zip(figures, heights, strict=True)]
            ax.bar_label(drawn, labels=written, label_type="center", fontsize=7.5, color="white")
            floor = [a + b for a, b in zip(floor, heights, strict=True)]
        ax.set_xticks(range(len(names)), names)
        _wrap_names(ax, names)
        ax.set_ylabel(axis)
        ax.margins(y=0.1)
        _scale(ax.yaxis, axis)
        _legend(ax, len(series))
        return c.svg()


def curves(
    title: str,
    series: Sequence[tuple[str, str, Sequence[tuple[date, Decimal]]]],
    axis: str,
    marks: Sequence[tuple[date, str]] = (),
) -> str:
    """Lines over time. A series is (label, style of matplotlib, points)."""
    with _canvas(3.2, title) as c:
        ax = c.axes
        for (label, style, points), colour in zip(series, OTHERS, strict=False):
            stairs = {"drawstyle": "steps-post"} if style == "steps" else {}
            ax.plot(
                [p for p, _ in points],
                [float(v) for _, v in points],
                label=label,
                color=colour,
                linestyle="-" if style == "steps" else style,
                marker="o" if len(points) < 3 else None,
                **stairs,
            )
        _days(ax, marks)
        ax.set_ylabel(axis)
        ax.set_ylim(bottom=0)
        _legend(ax, len(series))
        return c.svg()


def months(
    title: str, points: Sequence[tuple[date, Decimal]], axis: str, colour: str, marks: Sequence[tuple[date, str]] = ()
) -> str:
    """A bar for every month."""
    with _canvas(2.3, title) as c:
        ax = c.axes
        ax.bar([p for p, _ in points], [float(v) for _, v in points], width=22, color=colour)
        ax.margins(y=0.2)
        _days(ax, marks)
        ax.set_ylabel(axis)
        return c.svg()


def timeline(title: str, above: Sequence[tuple[date, str]], below: Sequence[tuple[date, str]], end: date) -> str:
    """Stages along a line: what is claimed above it, what is evidenced below; labels step aside for each other."""
    below = [*below, (end, "统计时点")]
    days = [d.toordinal() for d, _ in [*above, *below]]
    span = max(120, max(days) - min(days))
    low, high = min(days) - span * 0.12, max(days) + span * 0.06
    placed = [*_levels(above, 1, (high - low) * LABEL_SHARE), *_levels(below, -1, (high - low) * LABEL_SHARE)]
    top = max([y for _, _, y in placed] + [1])
    bottom = min(y for _, _, y in placed)
    with _canvas(0.42 * (top - bottom + 1) + 0.9, title) as c:
        ax = c.axes
        ax.axhline(0, color="#57606a", linewidth=1.2)
        for day, words, y in placed:
            x = day.toordinal()
            colour = "#cf222e" if words == "统计时点" else COLOURS["claimed" if y > 0 else "evidenced"]
            ax.plot([x, x], [0, y - math.copysign(0.42, y)], color=colour, linewidth=1, zorder=1)
            ax.plot([x], [0], "o", color=colour, markersize=5)
            ax.text(
                x,
                y,
                f"{words}\n{day.isoformat()}",
                ha="center",
                va="center",
                fontsize=8,
                color="#1b1f24",
                zorder=3,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            )
        ax.text(low, 0.5, "认定", fontsize=9, color="#57606a", va="center", ha="left")
        ax.text(low, -0.5, "佐证", fontsize=9, color=COLOURS["evidenced"], va="center", ha="left")
        ax.set_xlim(low, high)
        ax.set_ylim(bottom - 0.6, top + 0.6)
        years = [
            y for y in range(date.fromordinal(min(days)).year, end.year + 2) if low <= date(y, 1, 1).toordinal() <= high
        ]
        ax.set_xticks([date(y, 1, 1).toordinal() for y in years], [f"{y}年" for y in years])
        ax.set_yticks([])
        ax.grid(axis="x", color="#eaeef2")
        ax.spines["left"].set_visible(False)
        return c.svg()


def _levels(events: Sequence[tuple[date, str]], side: int, room: float) -> list[tuple[date, str, float]]:
    """Every event with the nearest height at which its label meets no other."""
    ends: list[float] = []
    out = []
    for day, words in sorted(events):
        x = day.toordinal()
        level = next((i for i, e in enumerate(ends) if x - e >= room), len(ends))
        ends[level : level + 1] = [x]
        out.append((day, words, float(side * (level + 1))))
    return out


class _canvas:
    """One figure of its own with our fonts, as a context."""

    def __init__(self, height: float, title: str) -> None:
        self.height, self.title = height, title

    def __enter__(self) -> _canvas:
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure as Canvas

        self.context = matplotlib.rc_context(
            {
                "font.family": font_family(),
                "svg.fonttype": "none",
                "svg.hashsalt": self.title,
                "axes.unicode_minus": False,
                "font.size": 9,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.edgecolor": "#8c959f",
                "axes.axisbelow": True,
            }
        )
        self.context.__enter__()
        self.figure = Canvas(figsize=(9.6, self.height), layout="constrained")
        FigureCanvasSVG(self.figure)
        self.axes: Any = self.figure.add_subplot()
        self.axes.set_title(self.title, fontsize=10.5, loc="left")
        return self

    def __exit__(self, *error: Any) -> None:
        self.context.__exit__(*error)

    def svg(self) -> str:
        out = io.StringIO()
        self.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        return inline(out.getvalue(), self.title)


def inline(svg: str, title: str) -> str:
    """An SVG that may stand in a page beside others: no prologue, ids of its own, fonts that the page names."""
    import hashlib

    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"(?P<q>['\"])" + re.escape(font_family()) + r"(?P=q)", STACK, body)
    mark = "c" + hashlib.sha256(title.encode()).hexdigest()[:8]
    body = re.sub(r'\bid="([^"]+)"', rf'id="{mark}-\1"', body)
    body = re.sub(r'(xlink:href="#|url\(#)([^")]+)', rf"\g<1>{mark}-\2", body)
    words = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return body.replace("<svg ", f'<svg role="img" aria-label="{words}" ', 1)


def _height(f: Figure) -> float:
    if f.value is None:
        return 0.0
    return float(f.value) * (100 if f.unit == "rate" else 1)


def _legend(ax: Any, series: int) -> None:
    if series > 1:
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncol=series, frameon=False, fontsize=8, borderaxespad=0.1)


def _scale(axis: Any, unit: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=6, integer=unit != "%", min_n_ticks=1))
    axis.set_major_formatter(lambda v, _: f"{v:,.0f}")


def _wrap_names(ax: Any, names: Sequence[str]) -> None:
    if len(names) > 9:
        ax.tick_params(axis="x", labelsize=8, labelrotation=45 if max(map(len, names)) > 3 else 0)


def _days(ax: Any, marks: Sequence[tuple[date, str]]) -> None:
    from matplotlib import dates

    kinds: Any = dates
    ax.xaxis.set_major_locator(kinds.AutoDateLocator(minticks=3, maxticks=10))
    ax.xaxis.set_major_formatter(kinds.DateFormatter("%Y-%m"))
    ax.yaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
    ax.grid(axis="y", color="#eaeef2")
    for day, words in marks:
        ax.axvline(day, color="#cf222e", linewidth=1, linestyle=":")
        ax.annotate(
            words,
            (day, 1),
            xycoords=("data", "axes fraction"),
            fontsize=8,
            color="#cf222e",
            xytext=(3, -9),
            textcoords="offset points",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
