"""Tricks with what lies in the drop zone: nothing is read that its sender did not put there, and nothing hangs."""

from __future__ import annotations

import os
import signal
import socket
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import pytest

from zhixiao.errors import DataError
from zhixiao.landing import land_drop
from zhixiao.landing.container import list_members, open_member
from zhixiao.landing.discover import Discovery, discover
from zhixiao.landing.inspect import inspect_file
from zhixiao.landing.refusal import Refusal
from zhixiao.receipts.answer import answer
from zhixiao.settings import Settings
from zhixiao.warehouse.decisions import read_decisions
from zhixiao.warehouse.files import read_json, write_json
from zhixiao.warehouse.load import load

DAY = "2025-03-10"
SALES = "单位：万元\n年月,统一社会信用代码,企业名称,开票销售\n2025-02,91321204MA00000038,演示一号机械有限公司,120.50\n"
SECRET = "单位：万元\n年月,统一社会信用代码,企业名称,开票销售\n2025-02,91321204MA00000046,别的部门,999\n"


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """A pipe that is opened waits for ever; a test of it must not."""

    def too_late(*_: object) -> None:
        raise TimeoutError("it waits for a pipe")

    before = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def day(settings: Settings) -> Path:
    """A day's folder with one good file."""
    folder = settings.raw_dir / "sales" / DAY
    folder.mkdir(parents=True)
    (folder / "good.csv").write_text(SALES, encoding="utf-8")
    return folder


def refused(found: Discovery) -> list[tuple[str, str]]:
    return sorted((r.file_name, r.reason_code) for r in found.refused)


def test_pipes_devices_and_sockets_are_refused_unopened(settings: Settings, day: Path) -> None:
    os.mkfifo(day / "pipe.csv")
    (day / "zero.csv").symlink_to("/dev/zero")
    os.mkfifo(day.parent / "beside.csv")
    (settings.raw_dir / "no_such_source" / DAY).mkdir(parents=True)
    os.mkfifo(settings.raw_dir / "no_such_source" / DAY / "a.csv")
    with socket.socket(socket.AF_UNIX) as s:
        here = Path.cwd()
        os.chdir(day)  # the name of a socket is short
        try:
            s.bind("s.csv")
        finally:
            os.chdir(here)
        found = discover(settings)
    assert [d.file_name for d in found.drops] == ["good.csv"]
    assert refused(found) == [
        ("a.csv", "unknown_source"),
        ("beside.csv", "bad_date"),
        ("pipe.csv", "unreadable"),
        ("s.csv", "unreadable"),
        ("zero.csv", "unreadable"),
    ]
    (pipe,) = [r for r in found.refused if r.file_name == "pipe.csv"]
    assert "不是普通文件" in pipe.reason_zh


def test_a_pipe_is_refused_where_it_takes_the_place_of_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    for attempt in (lambda: list_members(tmp_path / "a.csv"), lambda: open_member(tmp_path / "a.csv", None, tmp_path)):
        with pytest.raises(Refusal) as e:
            attempt()
        assert e.value.reason_code == "unreadable"


@pytest.mark.parametrize("way", ["outside", "relative", "another department", "to nowhere", "round"])
def test_a_link_that_leaves_its_source_is_refused(settings: Settings, day: Path, tmp_path: Path, way: str) -> None:
    (tmp_path / "secret.csv").write_text(SECRET, encoding="utf-8")
    other = settings.raw_dir / "tax" / DAY / "theirs.csv"
    other.parent.mkdir(parents=True)
    other.write_text(SECRET, encoding="utf-8")
    target = {
        "outside": str(tmp_path / "secret.csv"),
        "relative": "../../../secret.csv",
        "another department": str(other),
        "to nowhere": str(tmp_path / "nowhere"),
        "round": "link.csv",
    }[way]
    (day / "link.csv").symlink_to(target)
    found = discover(settings)
    assert [d.file_name for d in found.drops if d.source == "sales"] == ["good.csv"]
    (r,) = found.refused
    assert (r.file_name, r.reason_code) == ("link.csv", "unreadable") and "链接" in r.reason_zh
    assert found.waiting == []


def test_a_linked_folder_that_leaves_its_source_is_refused(settings: Settings, day: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.csv").write_text(SECRET, encoding="utf-8")
    (day.parent / "2025-03-11").symlink_to(tmp_path / "elsewhere")
    found = discover(settings)
    assert [d.file_name for d in found.drops] == ["good.csv"]
    assert refused(found) == [("secret.csv", "unreadable")]


def test_a_link_inside_its_source_and_the_operators_own_links_are_followed(tmp_path: Path) -> None:
    share = tmp_path / "share"
    (share / DAY).mkdir(parents=True)
    (share / DAY / "a.csv").write_text(SALES, encoding="utf-8")
    (share / DAY / "b.csv").symlink_to("a.csv")
    zone = tmp_path / "zone"
    zone.mkdir()
    (zone / "sales").symlink_to(share)
    (tmp_path / "raw").symlink_to(zone)
    found = discover(Settings(tmp_path / "raw", tmp_path / "w", settle_seconds=0))
    assert [d.file_name for d in found.drops] == ["a.csv", "b.csv"] and not found.refused


def test_names_with_control_characters_are_shown_in_one_line(settings: Settings, day: Path) -> None:
    nasty = ["a\nred.csv", "b\x1b[2J.csv", "c\u202evsc.exe.csv", "x\\..\\d.csv", "=cmd|' .csv"]
    for i, name in enumerate(nasty):
        (day / name).write_text(SALES.replace("120.50", str(i)), encoding="utf-8")
    (day / os.fsdecode("合计.csv".encode("gb18030"))).write_text(SALES.replace("120.50", "7"), encoding="utf-8")
    found = discover(settings)
    assert not found.refused and len(found.drops) == 7
    names = [d.file_name for d in found.drops]
    assert all(n.isprintable() for n in names) and len(set(names)) == 7
    assert Discovery.from_json(found.to_json()) == found
    path = settings.state_dir / "plan.json"
    write_json(path, found.to_json())
    assert Discovery.from_json(read_json(path)) == found
    assert {land_drop(settings, d).rows_accepted for d in found.drops} == {1}
    load(settings, found)
    with duckdb.connect(str(settings.work_db)) as con:
        rows = con.execute("select file_name, status from raw.load_log where source = 'sales' order by 1").fetchall()
    assert rows == [(n, "loaded") for n in sorted(names)] or {s for _, s in rows} <= {"loaded", "unchanged"}
    assert {n for n, _ in rows} == set(names)


def test_names_that_differ_in_what_cannot_be_shown_stay_apart(settings: Settings, day: Path) -> None:
    (day / "a\x01.csv").write_text(SALES.replace("120.50", "1"), encoding="utf-8")
    (day / "a\x02.csv").write_text(SALES.replace("120.50", "2"), encoding="utf-8")
    names = [d.file_name for d in discover(settings).drops]
    assert len(set(names)) == 3 and all(n.startswith("a\ufffd.csv~") for n in names if n != "good.csv")


def test_receipts_stay_below_their_folder(settings: Settings, day: Path) -> None:
    with zipfile.ZipFile(day / "z.zip", "w") as z:
        z.writestr("../../../../escape.csv", SALES.replace("120.50", "待核"))
        z.writestr("/etc/abs.csv", SALES.replace("120.50", "无数"))
    found = discover(settings)
    for d in found.drops:
        land_drop(settings, d)
    load(settings, found)
    settings.published_db.parent.mkdir(parents=True)
    with duckdb.connect(str(settings.published_db)) as con:
        con.execute(f"attach '{settings.work_db}' as w (read_only)")
        con.execute("create schema quality")
        for table in ("load_log", "quarantine"):
            con.execute(f"create table quality.{table} as select *, 'open' as state from w.raw.{table}")
    told = answer(settings)
    written = sorted(settings.warehouse_dir.parent.rglob("*.回执.xlsx"))
    assert len(written) == told.files == 3
    assert all(p.resolve().is_relative_to(told.folder.resolve()) for p in written)
    assert openpyxl.load_workbook(written[0]).sheetnames[0] == "回执"


def test_decisions_that_are_no_plain_files_are_a_problem_and_not_read(settings: Settings, tmp_path: Path) -> None:
    folder = settings.raw_dir / "_decisions" / "2025-03-11"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "a.csv")
    (folder / "b.csv").symlink_to("/etc/hostname")
    (folder / "c.csv").mkdir()
    (folder / "d.csv").write_text("actor,reason\n甲,乙\n", encoding="utf-8")
    found = read_decisions(settings.raw_dir)
    assert [(d.file_name, d.problem is None, len(d.rows)) for d in found] == [
        ("a.csv", False, 0),
        ("b.csv", False, 0),
        ("c.csv", False, 0),
        ("d.csv", True, 1),
    ]
    assert found[0].decided_on == date(2025, 3, 11)


def test_a_pipe_is_not_inspected(settings: Settings, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DataError, match="没有这个文件"):
        inspect_file(settings, tmp_path / "a.csv", "sales")
