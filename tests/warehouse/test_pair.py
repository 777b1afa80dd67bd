from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from zhixiao.errors import ConfigError
from zhixiao.settings import Settings
from zhixiao.warehouse.pair import Pair, resolve_pair


def touch(settings: Settings, path: str) -> Path:
    p = settings.raw_dir / path
    p.parent.mkdir(parents=True, exist_ok=True)
    p.write_text("x")
    return p


def test_defaults_are_the_latest_received_day(settings: Settings) -> None:
    touch(settings, "tax/2025-01-10/a.csv")
    touch(settings, "321204/fai/2025-02-12/b.xlsx")
    assert resolve_pair(settings) == Pair(date(2025, 2, 12), date(2025, 2, 12))
    touch(settings, "_decisions/2025-03-01/merge.csv")
    assert resolve_pair(settings).known_on == date(2025, 3, 1)


def test_folders_without_a_file_and_ignored_files_do_not_count(settings: Settings) -> None:
    touch(settings, "tax/2025-01-10/a.csv")
    (settings.raw_dir / "tax" / "2025-05-05").mkdir()
    touch(settings, "tax/2025-06-06/README.md")
    touch(settings, "tax/2025-06-07/~$a.xlsx")
    assert resolve_pair(settings).known_on == date(2025, 1, 10)


def test_given_days_win_and_as_of_follows_known_on(settings: Settings) -> None:
    touch(settings, "tax/2025-01-10/a.csv")
    assert resolve_pair(settings, "2024-12-31") == Pair(date(2024, 12, 31), date(2024, 12, 31))
    assert resolve_pair(settings, None, "2024-06-30") == Pair(date(2025, 1, 10), date(2024, 6, 30))
    assert resolve_pair(settings, "", "") == Pair(date(2025, 1, 10), date(2025, 1, 10))
    assert resolve_pair(settings, date(2024, 5, 1)).as_of == date(2024, 5, 1)


def test_as_of_after_known_on_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="AS_OF 2025-02-01 is after KNOWN_ON 2025-01-31"):
        resolve_pair(settings, "2025-01-31", "2025-02-01")


@pytest.mark.parametrize("text", ["2025-13-01", "2025-1-1", "20250101", "gestern", "2025-02-30"])
def test_a_bad_date_is_refused(settings: Settings, text: str) -> None:
    with pytest.raises(ConfigError, match="KNOWN_ON must be a date like"):
        resolve_pair(settings, text)


def test_nothing_received(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="there is no delivery under"):
        resolve_pair(settings)


def test_pairs_are_ordered_and_travel_as_json() -> None:
    a, b = Pair(date(2025, 1, 1), date(2025, 1, 1)), Pair(date(2025, 2, 1), date(2024, 1, 1))
    assert a < b
    assert Pair.from_json(b.to_json()) == b
    assert b.name == "2025-02-01_2024-01-01"
