"""A document as one HTML file: no script, no network, every figure with its address in the mart."""

from __future__ import annotations

from datetime import date

from jinja2 import Environment, PackageLoader, select_autoescape

from zhixiao.bulletin.model import Document, Figure, Head

SHORT = 8
"""Texts up to this length stay on one line."""


def render(doc: Document) -> str:
    """The page. Text is escaped; only our own SVG goes in as it is."""
    env = Environment(
        loader=PackageLoader("zhixiao.bulletin", "."),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return env.get_template("bulletin.html.j2").render(
        doc=doc,
        is_figure=lambda c: isinstance(c, Figure),
        is_head=lambda c: isinstance(c, Head),
        is_day=lambda c: isinstance(c, date),
        is_short=lambda c: len(c) <= SHORT,
    )
