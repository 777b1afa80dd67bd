"""The pages of the checks are what the registry says."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhixiao.checks import pages
from zhixiao.checks.registry import Check, load_checks
from zhixiao.settings import PROJECT_DIR


def test_the_pages_are_up_to_date() -> None:
    assert pages.stale() == [], "run: python -m zhixiao.checks.pages"


@pytest.mark.parametrize("check", load_checks(), ids=lambda c: c.check_id)
def test_a_page_says_all_that_a_reader_needs(check: Check) -> None:
    text = pages.page(check)
    for said in (check.rule, check.why, check.assumptions, check.ask_for, *check.exemptions):
        assert said.zh in text
        assert said.en.strip()[1:] in text
    for threshold in check.thresholds:
        assert f"| `{threshold.parameter}` |" in text
    for example in check.examples:
        assert f"`{example.test}`" in text
    assert check.formula in text and check.owner in text
    # A question, never an accusation (checks.md).
    assert "造假" not in text


def test_the_index_names_every_check_once_under_its_family() -> None:
    text = pages.index(load_checks())
    for check in load_checks():
        assert text.count(f"[{check.check_id}]({check.check_id}.md)") == 1
    headings = [line[3:].split(" · ")[0] for line in text.splitlines() if line.startswith("## ")]
    present = {c.family for c in load_checks()}
    assert headings == [*(f.zh for n, f in pages.FAMILIES.items() if n in present), "各检查共用的参数"]


def test_stale_missing_and_foreign_pages_are_named(tmp_path: Path) -> None:
    folder = tmp_path / pages.FOLDER
    folder.mkdir(parents=True)
    for name, text in pages.pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    assert pages.stale(tmp_path) == []
    (folder / "R01.md").write_text("old", encoding="utf-8")
    (folder / "R99.md").write_text("of no check", encoding="utf-8")
    (folder / "README.md").unlink()
    assert pages.stale(tmp_path) == ["R01.md", "R99.md", "README.md"]


def test_the_command_exits_with_one_when_a_page_is_stale(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pages, "PROJECT_DIR", tmp_path)
    monkeypatch.setattr(pages.stale, "__defaults__", (tmp_path,))
    assert pages.main(["--check"]) == 1
    assert "docs/checks/R01.md" in capsys.readouterr().out
    assert pages.main([]) == 0
    assert pages.main(["--check"]) == 0
    assert (PROJECT_DIR / pages.FOLDER).exists()
