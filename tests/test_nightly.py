"""The steps of a nightly run, without Airflow."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from tests.fakes import FakeRooms, drop_file
from zhixiao import nightly
from zhixiao.errors import ConfigError
from zhixiao.landing.report import Drop, FileReport, RefusedDrop
from zhixiao.settings import Settings

RUN = "manual__2026-01-09T02:00:00+08:00"


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> FakeRooms:
    fake = FakeRooms()
    monkeypatch.setattr(nightly, "backend", fake)
    return fake


def drops(source: str, n: int, size: int = 0, folder: Path | None = None) -> list[Drop]:
    found = []
    for i in range(n):
        path = (folder or Path("/nowhere")) / f"{i}.csv"
        if folder:
            with path.open("wb") as f:
                f.truncate(size)
        found.append(Drop("321204", source, date(2026, 1, 1), path.name, f"{i:064x}", str(path)))
    return found


# --- the pair


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (None, (None, None)),
        ({}, (None, None)),
        ({"known_on": None, "as_of": ""}, (None, None)),
        ({"known_on": "2026-02-28"}, ("2026-02-28", None)),
        ({"known_on": " 2026-02-28 ", "as_of": "2025-12-31"}, ("2026-02-28", "2025-12-31")),
        ({"as_of": "2025-12-31", "other": 1}, (None, "2025-12-31")),
    ],
)
def test_the_pair_comes_from_the_parameters(
    params: dict[str, object] | None, expected: tuple[str | None, str | None]
) -> None:
    assert nightly.pair_wanted(params) == expected


@pytest.mark.parametrize("text", ["2026-13-01", "yesterday", "20260228", "2026-02-30"])
def test_a_parameter_that_is_no_day_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="AS_OF") as e:
        nightly.pair_wanted({"as_of": text})
    assert text in e.value.zh and "2026-01-31" in e.value.en


def test_the_default_pair_is_the_latest_day_under_raw(settings: Settings, rooms: FakeRooms) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "good")
    drop_file(settings, "_decisions", "2026-02-03", "waive.csv", "good")
    assert nightly.resolve(RUN) == {"known_on": "2026-02-03", "as_of": "2026-02-03"}
    assert nightly.resolve(RUN, {"as_of": "2026-01-31"}) == {"known_on": "2026-02-03", "as_of": "2026-01-31"}


def test_a_drop_zone_that_is_not_there_is_named(
    settings: Settings, rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIXIAO_RAW", "/no/such/投放")
    with pytest.raises(ConfigError, match="/no/such/投放"):
        nightly.resolve(RUN)


# --- batches


def test_batches_hold_one_source_and_at_most_forty_files() -> None:
    batches = nightly.cut([*drops("sales", 3), *drops("tax", 85)])
    assert [(b["label"], b["source"], b["first"], b["count"]) for b in batches] == [
        ("sales-1", "sales", 0, 3),
        ("tax-1", "tax", 3, 40),
        ("tax-2", "tax", 43, 40),
        ("tax-3", "tax", 83, 5),
    ]


def test_large_files_make_smaller_batches(tmp_path: Path) -> None:
    batches = nightly.cut(drops("tax", 5, 120 * 1024 * 1024, tmp_path))
    assert [b["count"] for b in batches] == [2, 2, 1]


def test_a_very_large_first_load_stays_below_the_limit_of_mapped_tasks() -> None:
    batches = nightly.cut([*drops("sales", 1), *drops("tax", 60_000)], most=40, limit=900)
    assert len(batches) <= 901
    assert sum(b["count"] for b in batches) == 60_001


def test_nothing_new_is_one_empty_batch(settings: Settings, rooms: FakeRooms) -> None:
    batches = nightly.cut([])
    assert [(b["label"], b["count"]) for b in batches] == [("nothing-new", 0)]
    drop_file(settings, "tax", "2026-01-05", "a.csv", "good")
    nightly.discover(RUN)
    assert nightly.land(RUN, batches[0]) == {"source": "", "files": 0, "landed": 0, "refused": 0, "failed": 0}


def test_discover_plans_each_content_once_and_only_what_has_no_report(
    settings: Settings, rooms: FakeRooms, lines: list[str]
) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "good a")
    drop_file(settings, "tax", "2026-01-06", "a (1).csv", "good a")
    drop_file(settings, "sales", "2026-01-06", "b.csv", "good a")
    batches = nightly.discover(RUN)
    assert [(b["label"], b["count"]) for b in batches] == [("sales-1", 1), ("tax-1", 1)]
    assert lines[-1].endswith("3 files found, 2 new")
    assert [nightly.land(RUN, b)["landed"] for b in batches] == [1, 1]
    assert [b["label"] for b in nightly.discover("next")] == ["nothing-new"]


# --- landing


def test_out_of_memory_is_raised_after_the_others_have_landed(settings: Settings, rooms: FakeRooms) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "MEMORY")
    drop_file(settings, "tax", "2026-01-05", "b.csv", "good")
    [batch] = nightly.discover(RUN)
    with pytest.raises(MemoryError, match=r"a\.csv"):
        nightly.land(RUN, batch)
    found = nightly.findings(settings, RUN, "2026-01-05")
    assert [(f["file"], f["en"]) for f in found.failed] == [("tax/2026-01-05/a.csv", "MemoryError: too big")]


def test_a_crash_names_the_file_and_keeps_the_traceback(settings: Settings, rooms: FakeRooms) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "CRASH")
    [batch] = nightly.discover(RUN)
    with pytest.raises(nightly.LandingFailed, match="a bug in the reader"):
        nightly.land(RUN, batch)
    [record] = [r for r in nightly.step_records(settings, RUN) if r["step"] == "land-tax-1"]
    assert record["status"] == "failed"
    assert "in land_drop" in record["failures"][0]["traceback"]


def test_workers_land_side_by_side(settings: Settings, sample_raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real landing in two processes: the outcome of each file, in order."""
    from zhixiao.landing.discover import discover

    monkeypatch.setenv("ZHIXIAO_RAW", str(sample_raw))
    monkeypatch.setenv("ZHIXIAO_LAND_WORKERS", "2")
    here = Settings.from_env()
    chosen = [d for d in discover(here).drops if d.source in ("social", "power", "milestone", "tax")]
    assert len(chosen) >= nightly.POOL_FROM_FILES
    try:
        outcomes = list(nightly.land_all(here, chosen))
        workers = nightly.pools[2]._processes
        assert workers is not None and os.getpid() not in workers
    finally:
        nightly.close_pools()
    assert [(o.file_name, o.status) for o in outcomes] == [(d.file_name, "landed") for d in chosen]
    assert all(nightly.landed(here, d) for d in chosen)


class Deadly(FakeRooms):
    """A reader that takes its whole process with it on some files. The workers make their own."""

    def land_drop(self, settings: Settings, drop: Drop) -> FileReport:
        if "deadly" in drop.file_name:
            os._exit(9)
        return super().land_drop(settings, drop)


def deadly_land_one(settings: Settings, drop: Drop) -> nightly.Outcome:
    nightly.backend = Deadly()
    return REAL_LAND_ONE(settings, drop)


REAL_LAND_ONE = nightly.land_one


def test_a_file_that_kills_its_worker_fails_alone(
    settings: Settings, rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIXIAO_LAND_WORKERS", "2")
    monkeypatch.setattr(nightly, "land_one", deadly_land_one)
    for i in range(8):
        drop_file(settings, "tax", "2026-01-05", f"{i}{'-deadly' if i == 3 else ''}.csv", f"good {i}")
    try:
        outcomes = list(nightly.land_all(settings, rooms.discover(settings).drops))
    finally:
        nightly.close_pools()
    assert {o.file_name: o.status for o in outcomes} == {
        f"{i}{'-deadly' if i == 3 else ''}.csv": "failed" if i == 3 else "landed" for i in range(8)
    }
    assert [o.out_of_memory for o in outcomes if o.status == "failed"] == [True]


# --- the verdict


def run_all(rooms: FakeRooms, run_id: str) -> dict[str, object]:
    """Every step in order; what the verdict says, or the error it raises."""
    pair = nightly.resolve(run_id)
    for batch in nightly.discover(run_id):
        nightly.land(run_id, batch)
    outcome = {
        "resolve": pair,
        "gate": nightly.gate(run_id, pair),
        "load": nightly.load(run_id),
        "build": nightly.build(run_id, pair),
        "audit": nightly.audit(run_id, pair),
        "publish": nightly.publish(run_id, pair),
        "answer": nightly.answer(run_id, pair),
    }
    return nightly.verdict(run_id, outcome)


def test_a_green_run(settings: Settings, rooms: FakeRooms) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "good")
    assert run_all(rooms, "one")["exit_code"] == 0
    result = nightly.last_run(settings)
    assert result is not None
    assert [s["step"].split("-")[0] for s in result["steps"]] == list(nightly.STEPS)
    assert [told["run_id"] for told in rooms.told] == ["one"]
    assert result["files"] == {"files": 1, "new": 1, "unassigned": 0, "waiting": 0, "batches": 1}


def test_a_refusal_is_red_until_a_later_delivery_answers_it(settings: Settings, rooms: FakeRooms) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "REFUSE")
    drop_file(settings, "sales", "2026-01-20", "other.csv", "good")
    for name in ("one", "two"):
        with pytest.raises(nightly.NightlyFailed, match=r"Refused tax/2026-01-05/a\.csv: no header row\."):
            run_all(rooms, name)
        assert nightly.exit_code(settings) == 3
    drop_file(settings, "tax", "2026-01-06", "a.csv", "good")
    assert run_all(rooms, "three")["exit_code"] == 0


def test_a_refusal_already_answered_is_told_once(settings: Settings, rooms: FakeRooms) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "REFUSE")
    drop_file(settings, "tax", "2026-01-06", "a.csv", "good")
    with pytest.raises(nightly.NightlyFailed):
        run_all(rooms, "one")
    assert run_all(rooms, "two")["exit_code"] == 0


def test_a_refusal_is_not_told_by_a_run_that_publishes_nothing(settings: Settings, rooms: FakeRooms) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "REFUSE")
    drop_file(settings, "tax", "2026-01-06", "a.csv", "good")
    pair = nightly.resolve("one")
    for batch in nightly.discover("one"):
        nightly.land("one", batch)
    with pytest.raises(nightly.NightlyFailed, match="Nothing was published"):
        nightly.verdict("one", {"resolve": pair})
    assert (nightly.exit_code(settings), nightly.told(settings)) == (1, set())


def test_a_refusal_received_after_known_on_does_not_count(settings: Settings, rooms: FakeRooms) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "REFUSE")
    nightly.discover(RUN)
    for day, expected in (("2026-01-04", []), ("2026-01-05", ["tax/2026-01-05/a.csv"])):
        found = nightly.findings(settings, RUN, day)
        assert [f["file"] for f in [*found.refused, *found.failed]] == expected


def test_an_unknown_folder_is_a_refusal(settings: Settings, rooms: FakeRooms) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "good")
    rooms.unassigned = [
        RefusedDrop("321204", "taxes", None, "b.csv", "0" * 64, "/x", "unknown_source", "没有这个来源。", "no such.")
    ]
    with pytest.raises(nightly.NightlyFailed, match=r"拒收 taxes/b\.csv：没有这个来源。请"):
        run_all(rooms, "one")
    assert nightly.exit_code(settings) == 3


def test_a_gate_that_breaks_stops_nothing_and_is_told(settings: Settings, rooms: FakeRooms) -> None:
    drop_file(settings, "tax", "2026-01-05", "a.csv", "good")
    rooms.faults = {"gate": [RuntimeError("the gate broke")]}
    pair = nightly.resolve("one")
    for batch in nightly.discover("one"):
        nightly.land("one", batch)
    with pytest.raises(RuntimeError):
        nightly.gate("one", pair)
    with pytest.raises(nightly.NightlyFailed, match="Step gate failed: the gate broke"):
        nightly.verdict("one", {"resolve": pair, "publish": nightly.publish("one", pair)})
    assert nightly.exit_code(settings) == 3


def test_old_runs_are_forgotten(settings: Settings) -> None:
    for i in range(5):
        folder = settings.state_dir / "runs" / str(i)
        folder.mkdir(parents=True)
        os.utime(folder, (i, i))
    nightly.prune(settings, keep=2)
    assert sorted(p.name for p in (settings.state_dir / "runs").iterdir()) == ["3", "4"]
