"""The pages: no network, both languages, nothing of a cell taken for markup, the same bytes every time."""

from __future__ import annotations

import re
from pathlib import Path

from expectations import docs
from expectations.candidate import run_audit
from expectations.gate import run_gate
from expectations.registry import load_registry

from .builders import PAIR, make_candidate, sales_rows
from .test_gate import Desk, judged, sound

__all__ = ["judged"]


def pages(desk: Desk) -> dict[str, str]:
    folder = desk.settings.docs_dir / "expectations"
    return {p.name: p.read_text(encoding="utf-8") for p in sorted(folder.iterdir())}


def test_pages_need_nothing_but_themselves(tmp_path: Path) -> None:
    desk = sound(tmp_path)
    make_candidate(desk.settings)
    desk.deliver("sales", "2025-05-10", sales_rows("2025-04-30"), scopes=["2025-04"], unknown_columns=["<b>批次</b>"])
    first = run_gate(desk.settings, desk.drops)
    waiting = pages(desk)
    assert "尚未运行" in waiting["candidate.html"] and "has not run yet" in waiting["index.html"]
    run_audit(desk.settings, PAIR.known_on, PAIR.as_of)
    after = pages(desk)
    assert set(after) == {"index.html", "gate.html", "candidate.html"}
    for name, text in after.items():
        links = re.findall(r"(?:src|href)\s*=\s*\"([^\"]*)\"", text)
        assert set(links) <= {"index.html", "gate.html", "candidate.html", "data:,"}, name
        assert not re.search(r"https?:|<script|@import|url\(", text), name
        assert 'lang="zh-CN"' in text and 'charset="utf-8"' in text
    assert "&lt;b&gt;批次&lt;/b&gt;" in after["gate.html"] and "<b>批次" not in after["gate.html"]
    assert first.page.name == "gate.html" and "首次出现未知列" in after["gate.html"]
    assert "brings unknown columns" in after["gate.html"] and "来文关口" in after["gate.html"]
    assert "可以发布" in after["candidate.html"] and "May be published" in after["candidate.html"]
    for info in load_registry().values():
        assert info.rule_id in after["index.html"] and info.name_zh in after["index.html"]
    run_gate(desk.settings, desk.drops)
    run_audit(desk.settings, PAIR.known_on, PAIR.as_of)
    assert pages(desk) == after


def test_a_refused_candidate_says_so(tmp_path: Path) -> None:
    import duckdb

    desk = Desk(sound(tmp_path).settings)
    make_candidate(desk.settings)
    with duckdb.connect(str(desk.settings.work_db)) as con:
        con.execute("DELETE FROM quality.quarantine")
    run_audit(desk.settings, PAIR.known_on, PAIR.as_of)
    page = pages(desk)["candidate.html"]
    assert "不可发布" in page and "the last release stays in place" in page
    assert page.index("隔离的行既不能丢") < page.index("漏斗表不为空")  # what failed comes first


def test_a_long_list_is_cut_and_says_so(tmp_path: Path) -> None:
    desk = sound(tmp_path)
    for i in range(docs.SHOWN + 3):
        desk.deliver(
            "sales", "2025-05-10", sales_rows("2025-04-30"), file_name=f"{i:03d}.xlsx", scopes=["2025-04"],
            personal_columns=["手机"],
        )  # fmt: skip
    run_gate(desk.settings, desk.drops)
    page = pages(desk)["gate.html"]
    assert "另有 3 条" in page and page.count(" 含个人信息列：手机") == docs.SHOWN
