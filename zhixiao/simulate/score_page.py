"""The scores as a table for the screen and as one page with a recall curve for every check."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape

from zhixiao.simulate.falsify.planting import LEVELS
from zhixiao.simulate.score import CheckScore, Share, goals

LOOK = """body{font:14px/1.5 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:1180px;margin:2em auto;
color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .7em;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}th{background:#f4f4f2}.bad{color:#b3261e}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:10px}
.curves figure{margin:0}.curves svg{width:100%;height:auto}"""


def text(share: Share) -> str:
    """`0.96 (48/50)`, or a dash where there was nothing to find."""
    return "-" if share.value is None else f"{share.value:.2f} ({share.hits}/{share.of})"


def table(scores: Sequence[CheckScore]) -> str:
    """For the screen."""
    lines = [
        f"  {'check':<6}{'units':>8}{'failed':>8}"
        + "".join(f"{level:>14}" for level in LEVELS)
        + f"{'precision':>15}{'look-alikes':>14}{'effective':>14}"
    ]
    for s in scores:
        lines.append(
            f"  {s.check_id:<6}{s.applicable:>8}{s.failed:>8}"
            + "".join(f"{text(s.recall[level]):>14}" for level in LEVELS)
            + f"{text(s.precision):>15}{text(s.alarms):>14}{text(s.effective_recall):>14}"
        )
    lines += [f"  {name:<22}{text(share):>16}" for name, share in goals(scores).items()]
    return "\n".join(lines)


def page(scores: Sequence[CheckScore], worlds: Sequence[str]) -> str:
    """A page without network: goals, curves, the table, and what was missed or alarmed."""
    heads = (
        "检查",
        "适用对象",
        "疑点对象",
        "召回 低",
        "召回 中",
        "召回 高",
        "查准",
        "诚实者误报",
        "有效隔离召回",
    )
    rows = "".join(
        "<tr><td>" + "</td><td>".join([s.check_id, str(s.applicable), str(s.failed)]
        + [text(s.recall[level]) for level in LEVELS]
        + [text(s.precision), text(s.alarms), text(s.effective_recall)]) + "</td></tr>"
        for s in scores
    )  # fmt: skip
    total = "".join(f"<tr><td>{escape(n)}</td><td>{text(v)}</td></tr>" for n, v in goals(scores).items())
    curves = "".join(f"<figure>{curve(s)}</figure>" for s in scores if s.found.of)
    details = "".join(
        f"<h3>{s.check_id}</h3><ul>"
        + "".join(f"<li>漏 / missed: {escape(x)}</li>" for x in s.missed[:20])
        + "".join(f"<li class=bad>误报 / false alarm: {escape(x)}</li>" for x in s.alarmed[:20])
        + "</ul>"
        for s in scores
        if s.missed or s.alarmed
    )
    return (
        f"<!doctype html><html lang=zh><meta charset=utf-8><title>疑点检查评测</title><style>{LOOK}</style>"
        f"<h1>疑点检查评测 / the checks against what was planted</h1><p>{'<br>'.join(map(escape, worlds))}</p>"
        f"<table>{total}</table><h2>召回随强度 / recall by intensity</h2><div class=curves>{curves}</div>"
        f"<h2>各项检查 / by check</h2><table><tr><th>{'</th><th>'.join(heads)}</th></tr>{rows}</table>"
        f"<h2>漏报与误报 / missed and alarmed</h2>{details or '<p>无 / none</p>'}</html>\n"
    )


def curve(s: CheckScore) -> str:
    """Recall at the three levels, as an SVG picture."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    known = [level for level in LEVELS if s.recall[level].of]
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": s.check_id, "font.size": 9}):
        figure = Figure(figsize=(2.6, 1.9))
        axes = figure.add_axes((0.16, 0.26, 0.8, 0.6))
        axes.plot(known, [s.recall[level].value or 0.0 for level in known], marker="o", color="#1f6f8b", clip_on=False)
        axes.set_ylim(0, 1.04)
        axes.set_yticks((0, 0.5, 1))
        axes.set_xlim(-0.3, len(known) - 0.7)
        axes.set_title(s.check_id)
        axes.set_xticks(range(len(known)), [_tick(s, level) for level in known])
        axes.spines[["top", "right"]].set_visible(False)
        held = io.StringIO()
        figure.savefig(held, format="svg", metadata={"Date": None})
    return held.getvalue()[held.getvalue().index("<svg") :]


def _tick(s: CheckScore, level: str) -> str:
    """The level, and below it the intensities that it stands for, where there is room."""
    seen = ", ".join(s.intensities.get(level, []))
    return f"{level}\n{seen}" if 0 < len(seen) <= 12 else level
