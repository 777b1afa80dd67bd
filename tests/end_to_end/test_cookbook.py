"""The twenty questions of docs/cookbook.md, and the dictionary: both against the published sample."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.end_to_end.world import World, run_cli
from zhixiao import dictionary
from zhixiao.settings import PROJECT_DIR

Rows = list[tuple[Any, ...]]

PAGE = (PROJECT_DIR / "docs" / "cookbook.md").read_text(encoding="utf-8")
QUESTIONS: dict[int, tuple[str, str]] = {
    int(number): (title.strip(), sql.strip())
    for number, title, sql in re.findall(r"(?ms)^## (\d+)\. (.*?)$.*?^```sql\n(.*?)^```", PAGE)
}
SIGNED = 14


def total(rows: Rows, column: int) -> Any:
    return sum(r[column] or 0 for r in rows)


# What the sample answers: enough that a query on the wrong column, cut or reading does not pass.
ANSWERS: dict[int, Callable[[Rows], bool]] = {
    1: lambda r: len(r) == 27 and ("filing_rate", "claimed", "count", 9, SIGNED) in [x[:5] for x in r],
    2: lambda r: total(r, 2) == SIGNED and total(r, 1) == 9 and r[0][4] == 1 and r[0][3] == 1,
    3: lambda r: total(r, 1) == SIGNED and total(r, 2) == 296600,
    4: lambda r: total(r, 1) == SIGNED and total(r, 2) == 3 and total(r, 3) == 2,
    5: lambda r: (
        sum(x[2] for x in r if x[0] == "unsupported") == 9 - 3 and all(bool(x[4]) == (x[0] == "held_back") for x in r)
    ),
    6: lambda r: (2024, "signed", SIGNED) in [x[:3] for x in r] and {x[0] for x in r} >= {2021, 2022, 2023, 2024, 2025},
    7: lambda r: [x[:2] for x in r] == [(2024, 0), (2024, 6), (2024, 12)] and {x[3] for x in r} == {SIGNED},
    8: lambda r: len(r) == 10 and r[0][3] >= r[9][3] > 0 and all(x[5] and x[7] for x in r),
    9: lambda r: {x[0] for x in r} <= {"通过", "附条件", "暂缓"} and total(r, 1) >= 10,
    10: lambda r: len(r) >= 1 and all(x[4] > 0 and x[5] for x in r),
    11: lambda r: len(r) >= 5 and r[0][3] > 0,
    12: lambda r: total(r, 1) >= 1 and r[0][3] == 1,
    13: lambda r: len(r) == 5 and all(x[4] and x[6] for x in r) and r[0][4].isoformat() == "2024-07-01",
    14: lambda r: total(r, 1) >= 50 and r[0][1] >= r[-1][1] and r[0][2] > 365,
    15: lambda r: len(r) == 28 and r[0][1] > 0,
    16: lambda r: total(r, 2) >= 30 and r[0][2] >= r[-1][2],
    17: lambda r: r[0][0] == "增值税" and all(x[3] == x[1] + x[2] for x in r if x[1] is not None),
    18: lambda r: len(r) >= 5 and all(x[3] >= 1 for x in r),
    19: lambda r: [x[0] for x in r] == ["numerator"] * 2 + ["denominator"] * 3 and all(x[6] for x in r),
    20: lambda r: len(r) >= 2 and total(r, 2) > 0,
}


def test_there_are_twenty_short_questions_in_both_languages() -> None:
    assert list(QUESTIONS) == list(range(1, 21)) == sorted(ANSWERS)
    for title, sql in QUESTIONS.values():
        assert re.search(r"[\u4e00-\u9fff].*？ [A-Z]", title), title
        assert sql.startswith("select ")
        assert sql.count(";") == 0
        assert len(sql.splitlines()) <= 12


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_the_sample_answers(sample_world: World, number: int) -> None:
    rows = sample_world.read(QUESTIONS[number][1])
    assert ANSWERS[number](rows), rows[:12]


def test_the_cookbook_is_an_exposure_of_all_that_it_reads() -> None:
    doc = yaml.safe_load((PROJECT_DIR / "dbt_project/models/exposures.yml").read_text(encoding="utf-8"))
    exposures = {e["name"]: {d[5:-2] for d in e["depends_on"]} for e in doc["exposures"]}
    read = {t for _, sql in QUESTIONS.values() for t in re.findall(r"(?:from|join) (?:marts|quality)\.(\w+)", sql)}
    assert exposures["cookbook"] == read


def test_the_dictionary_is_current() -> None:
    assert not dictionary.stale(), "python -m zhixiao.dictionary"


def test_the_dictionary_describes_what_is_published(sample_world: World) -> None:
    """Column for column, and the label that it prints is in the comment of the database."""
    sql = "select schema_name, table_name, column_name, comment from duckdb_columns() where not internal"
    comments = {(s, t, c): told for s, t, c, told in sample_world.read(sql)}
    described = {(t.schema, t.name, c.name): c for t in dictionary.tables() for c in t.columns}
    assert described.keys() == comments.keys()
    for place, c in described.items():
        assert c.label_zh, place
        assert comments[place].startswith(c.label_zh), place
        assert not c.unit or c.unit in comments[place], place
    titles = sample_world.read("select table_name, comment from duckdb_tables() where schema_name <> 'quality'")
    known = dictionary.titles()
    assert [t for t, told in titles if not told.startswith(known.get(t, "-"))] == []


@pytest.mark.long
def test_the_models_are_one_page_that_needs_no_network(world: World) -> None:
    done = run_cli(world.settings, "docs")
    assert done.returncode == 0, done.stdout + done.stderr
    page = (world.settings.docs_dir / "dbt.html").read_text(encoding="utf-8")
    assert "model.zhixiao.mart_funnel" in page
    assert "exposure.zhixiao.cookbook" in page
    assert not re.search(r"<(script|link)[^>]+(src|href)=.https?://[a-z]", page)
