"""Whatever is dropped, landing answers: it lands with its accounts in order, or it is refused with a reason.

Every case runs in a process of its own kind (a hang or a crash of native code is a failure with its seed). Again:
`python -m tests.landing.test_mutations SEED...` says what a seed does and keeps its file.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any, get_args

import pyarrow.parquet as pq
import pytest

from tests.landing.mutate import Mutation, Sample, mutate, original, samples
from zhixiao.contracts import Contract, load_contract
from zhixiao.landing import land_drop
from zhixiao.landing.discover import discover
from zhixiao.landing.reasons import CELL_REASONS
from zhixiao.landing.report import Drop, FileReport, LandedPaths, RefusalCode
from zhixiao.settings import Settings

DAY = "2025-03-05"
CPU_SECONDS = 20
WALL_SECONDS = 120
MEMORY_BYTES = 3 << 30

MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[- ]?)?1[3-9]\d{9}(?!\d)")
IDENTITY_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])"
)
CELL_CODES = set(CELL_REASONS) - {"duplicate_key"}

Row = tuple[Any, ...]


# -- the property -----------------------------------------------------------------------------------------------


def land_mutation(mutation: Mutation, folder: Path) -> list[tuple[Drop, FileReport]]:
    """Drop a mutated file into an empty drop zone, land it, and check all that must hold."""
    settings = Settings(folder / "raw", folder / "warehouse", settle_seconds=0)
    path = settings.raw_dir / mutation.source / DAY / mutation.name
    path.parent.mkdir(parents=True)
    path.write_bytes(mutation.data)
    found = discover(settings)
    assert not found.waiting
    assert found.drops or len(found.refused) == 1
    for refused in found.refused:
        _check_words(refused.reason_code, refused.reason_zh, refused.reason_en)
    landed = []
    for drop in found.drops:
        assert Path(drop.path) == path
        report = land_drop(settings, drop)
        check_report(settings, drop, report)
        landed.append((drop, report))
    _check_folder(folder, path, mutation)
    return landed


def _check_folder(folder: Path, path: Path, mutation: Mutation) -> None:
    """Nothing was written but what landing leaves, and the delivery is as it was."""
    assert {p.name for p in folder.iterdir()} <= {"raw", "warehouse"}
    assert [p for p in (folder / "raw").rglob("*") if not p.is_dir()] == [path]
    assert path.read_bytes() == mutation.data
    for left in (folder / "warehouse").rglob("*"):
        if not left.is_dir():
            assert re.fullmatch(r"[0-9a-f]{64}(\.rejects|\.controls)?\.(parquet|json)|hashes\.json", left.name), left
    assert not any((folder / "warehouse" / "state" / "tmp").glob("*")), "the work folder is cleared"
    assert not any(Path.cwd().iterdir()), "nothing in the current folder"


def _check_words(code: str | None, zh: str | None, en: str | None) -> None:
    assert code in get_args(RefusalCode), code
    assert zh, code
    assert re.search("[\u4e00-\u9fff]", zh), zh
    assert en, code
    assert re.search("[a-z]{3}", en), en


def check_report(settings: Settings, drop: Drop, report: FileReport) -> None:
    """The answer of landing to one file, against its own Parquet files (`sources.md` sections 4 and 5)."""
    contract = load_contract(drop.source)
    paths = LandedPaths.of(settings.landed_dir, drop.source, drop.sha256)
    assert FileReport.from_json(paths.report.read_text(encoding="utf-8")) == report
    for text in (*report.headers_found, *report.unknown_columns, *report.personal_columns, *report.warnings):
        no_persons(text, "the report")
    for use in report.columns.values():
        no_persons(use.header, "a column of the report")
    if report.status == "refused":
        _check_words(report.reason_code, report.reason_zh, report.reason_en)
        counts = (
            report.rows_read,
            report.rows_accepted,
            report.rows_quarantined,
            report.rows_control,
            report.rows_ignored,
        )
        assert counts == (None,) * 5
        assert (report.money_read, report.money_accepted, report.money_quarantined) == (None,) * 3
        assert not paths.rows.exists()
        return
    assert report.status == "landed"
    assert report.reason_code is None
    counted = [report.rows_accepted, report.rows_quarantined, report.rows_control, report.rows_ignored]
    assert all(n is not None and n >= 0 for n in counted), counted
    assert report.rows_read == sum(n or 0 for n in counted), (report.rows_read, counted)
    assert report.money_read is not None
    assert report.money_accepted is not None
    assert report.money_quarantined is not None
    assert report.money_read == report.money_accepted + report.money_quarantined
    _check_rows(contract, report, paths)


def _check_rows(contract: Contract, report: FileReport, paths: LandedPaths) -> None:
    rows = pq.read_table(paths.rows)
    rejects = pq.read_table(paths.rejects).to_pylist()
    controls = pq.read_table(paths.controls).to_pylist()
    places = list(zip(rows["sheet"].to_pylist(), rows["row_number"].to_pylist(), strict=True))
    accepted, quarantined = set(places), {(r["sheet"], r["row_number"]) for r in rejects}
    control = {(r["sheet"], r["row_number"]) for r in controls}
    assert len(places) == len(accepted) == report.rows_accepted
    assert len(quarantined) == report.rows_quarantined
    assert len(controls) == len(control) == report.rows_control
    assert not accepted & quarantined
    assert not (accepted | quarantined) & control
    spans = 0
    for sheet in {s for s, _ in accepted | quarantined | control}:
        assert sheet in report.sheets
        numbers = [n for s, n in accepted | quarantined | control if s == sheet]
        assert min(numbers) >= 2
        spans += max(numbers) - min(numbers) + 1
    assert spans <= (report.rows_read or 0)
    money = {(r["sheet"], r["row_number"]): r["money"] for r in rejects}
    assert sum(money.values(), Decimal(0)) == report.money_quarantined
    columns = [rows[c].to_pylist() for c in contract.money_columns]
    assert sum((v for c in columns for v in c if v is not None), Decimal(0)) == report.money_accepted
    for r in rejects:
        assert r["reason_code"] in CELL_CODES, r
        assert r["column_name"] in contract.by_name
        assert r["reason_zh"], r
        assert r["reason_en"], r
        no_persons(r["cell_text"], r["column_name"])
        no_persons(r["row_key"] if contract.source == "tax" else None, "row_key")
    for r in controls:
        no_persons(r["label"], "label")
        json.loads(r["values"])
    _check_persons(contract, rows)


def _check_persons(contract: Contract, rows: Any) -> None:
    """No text holds a mobile or an identity number. Codes of things have such shapes by chance; figures as well."""
    for name in rows.column_names:
        column = contract.by_name.get(name)
        is_figure = name.endswith("_text")
        if name == "file_sha256" or (column is not None and column.value_type == "id" and not _is_credit_code(column)):
            continue
        if rows[name].type not in ("string", "large_string"):
            continue
        for text in set(rows[name].to_pylist()):
            if not (is_figure and re.fullmatch(r"[\d.,+\-\s]*", text or "")):
                no_persons(text, name)


def _is_credit_code(column: Any) -> bool:
    return bool(column.identifier in ("credit_code", "taxpayer_id"))


def no_persons(text: str | None, where: str) -> None:
    """Fails when a text holds a mobile or an identity number."""
    found = [m[0] for m in MOBILE.finditer(text or "")]
    found += [m[0] for m in IDENTITY_NUMBER.finditer(text or "") if _passes_check(m[0])]
    assert not found, f"{where} holds {found} in {(text or '')[:200]!r}"


def _passes_check(number: str) -> bool:
    """GB 11643: permit numbers have the shape of identity numbers, but one in eleven the check character."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(d) * w for d, w in zip(number, weights, strict=False))
    return "10X98765432"[total % 11] == number[17].upper()


# -- nothing is lost ----------------------------------------------------------------------------------------------


def values_of(settings: Settings, drop: Drop) -> tuple[Counter[Row], Counter[Row]]:
    """The accepted rows by their values, and the failing cells, wherever they stand in the file."""
    contract = load_contract(drop.source)
    paths = LandedPaths.of(settings.landed_dir, drop.source, drop.sha256)
    rows = pq.read_table(paths.rows)
    names = [n for c in contract.columns for n in (c.name, f"{c.name}_precision") if n in rows.column_names]
    accepted: Counter[Row] = Counter()
    for r in rows.to_pylist():
        extra = tuple(sorted(v for v in json.loads(r["extra"] or "{}").values() if v is not None))
        accepted[(*(r[n] for n in names), tuple(sorted(r["marks"] or ())), extra)] += 1
    rejects = pq.read_table(paths.rejects).to_pylist()
    failed = Counter((r["column_name"], r["reason_code"], r["row_key"], r["scope"], r["money"]) for r in rejects)
    return accepted, failed


@cache
def _baseline(sample: Sample) -> tuple[Counter[Row], Counter[Row], Decimal | None]:
    with tempfile.TemporaryDirectory() as tmp:
        settings = Settings(Path(tmp) / "raw", Path(tmp) / "warehouse", settle_seconds=0)
        landed = land_mutation(original(sample), Path(tmp))
        (drop, report), *more = landed
        assert not more
        assert report.status == "landed"
        return (*values_of(settings, drop), report.money_read)


def check_kept(mutation: Mutation, landed: list[tuple[Drop, FileReport]], folder: Path) -> None:
    """A file that holds the same cells gives the same rows."""
    assert len(landed) == 1, [d.file_name for d, _ in landed]
    drop, report = landed[0]
    assert report.status == "landed", f"{report.reason_code}: {report.reason_en}"
    accepted, failed, money = _baseline(mutation.sample)
    settings = Settings(folder / "raw", folder / "warehouse", settle_seconds=0)
    got, got_failed = values_of(settings, drop)
    assert not accepted - got, (
        f"lost {list((accepted - got).elements())[:3]}, instead {list((got - accepted).elements())[:3]}"
    )
    assert not got - accepted, f"gained {list((got - accepted).elements())[:3]}"
    assert got_failed == failed
    assert report.money_read == money


# -- running ------------------------------------------------------------------------------------------------------


def run_case(seed: int, base: Path) -> dict[str, Any]:
    """One seed, start to end. The answer says what went wrong, if anything."""
    started, cpu = time.monotonic(), time.process_time()
    told, outcome = f"seed {seed}", ""
    problem = None
    with tempfile.TemporaryDirectory(dir=base) as tmp:
        try:
            mutation = mutate(seed)
            told = str(mutation)
            cpu = time.process_time()
            landed = land_mutation(mutation, Path(tmp))
            outcome = ",".join(sorted({r.reason_code or r.status for _, r in landed})) or "refused at the door"
            if mutation.keeps:
                check_kept(mutation, landed, Path(tmp))
        except BaseException:
            problem = traceback.format_exc(limit=-6)
    used = time.process_time() - cpu
    peak = _peak_memory()
    if problem is None and used > CPU_SECONDS:
        problem = f"took {used:.1f} s of processor time"
    if problem is None and peak > MEMORY_BYTES:
        problem = f"memory grew to {peak >> 20} MiB"
    return {"told": told, "outcome": outcome, "problem": problem, "seconds": time.monotonic() - started, "cpu": used}


def _peak_memory() -> int:
    """The most that this process ever held, in bytes. (ru_maxrss would be that of who started it: exec keeps it.)"""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def _serve(connection: Connection, base: str) -> None:
    empty = Path(base) / f"cwd-{os.getpid()}"
    empty.mkdir()
    os.chdir(empty)
    while (seed := connection.recv()) is not None:
        connection.send(run_case(seed, Path(base)))


class Worker:
    """A process that runs cases; killed and replaced when a case hangs or crashes it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.process: Any = None

    def run(self, seed: int) -> dict[str, Any]:
        if self.process is None:
            context = multiprocessing.get_context("spawn")
            self.ours, theirs = context.Pipe()
            self.process = context.Process(target=_serve, args=(theirs, str(self.base)), daemon=True)
            self.process.start()
            theirs.close()
        self.ours.send(seed)
        problem = f"no answer within {WALL_SECONDS} s"
        if self.ours.poll(WALL_SECONDS):
            try:
                answer: dict[str, Any] = self.ours.recv()
                return answer
            except EOFError:
                self.process.join(5)
                problem = f"the process died with {self.process.exitcode}"
        self.stop()
        return {"told": str(mutate(seed)), "outcome": "", "problem": problem, "seconds": 0.0, "cpu": 0.0}

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None


def run_seeds(seeds: Iterable[int], base: Path, workers: int = 2) -> list[dict[str, Any]]:
    """Every seed, a few at a time."""
    waiting, answers = list(reversed(list(seeds))), []

    def work() -> None:
        worker = Worker(base)
        try:
            while waiting:
                answers.append(worker.run(waiting.pop()))
        finally:
            worker.stop()

    threads = [Thread(target=work) for _ in range(workers)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return answers


def _all_stand(seeds: range, base: Path) -> None:
    answers = run_seeds(seeds, base)
    print(f"\nseeds {seeds.start}..{seeds.stop - 1}:", dict(Counter(a["outcome"] for a in answers).most_common()))
    failed = [a for a in answers if a["problem"]]
    for a in failed:
        print(f"\n{a['told']}\n{a['problem']}")
    assert len(answers) == len(seeds)
    again = " ".join(re.findall(r"seed (\d+)", " ".join(a["told"][:20] for a in failed)))
    assert not failed, f"{len(failed)} of {len(seeds)} fail; again: python -m tests.landing.test_mutations {again}"
    outcomes = {o for a in answers for o in a["outcome"].split(",")}
    assert {"landed", "unreadable", "column_missing"} <= outcomes, "the mutations reach every kind of answer"


def test_two_hundred_mutated_files(tmp_path: Path) -> None:
    _all_stand(range(200), tmp_path)


@pytest.mark.long
def test_two_thousand_mutated_files(tmp_path: Path) -> None:
    _all_stand(range(10_000, 12_000), tmp_path)


@pytest.mark.long
def test_the_sample_district_in_every_form(tmp_path: Path) -> None:
    """Nothing is lost: only mutations that keep every cell, more of them."""
    seeds = [s for s in range(20_000, 23_000) if mutate(s).keeps][:500]
    failed = [a for a in run_seeds(seeds, tmp_path) if a["problem"]]
    assert not failed, "\n\n".join(f"{a['told']}\n{a['problem']}" for a in failed)


def test_every_sample_stands_as_it_is(tmp_path: Path) -> None:
    """The property holds for the samples themselves, so that what mutations break is theirs."""
    base = tmp_path / "empty"
    base.mkdir()
    previous = Path.cwd()
    os.chdir(base)
    try:
        for i, sample in enumerate(samples()):
            folder = tmp_path / f"s{i}"
            folder.mkdir()
            ((drop, report),) = land_mutation(original(sample), folder)
            assert report.status == "landed", sample.label
            assert drop.sha256 == _content_hash(sample, drop), sample.label
    finally:
        os.chdir(previous)


def _content_hash(sample: Sample, drop: Drop) -> str:
    if drop.member is None:
        return hashlib.sha256(sample.data).hexdigest()
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(sample.data)) as archive:
        (info,) = archive.infolist()
        return hashlib.sha256(archive.read(info)).hexdigest()


def test_a_mutation_is_a_function_of_its_seed() -> None:
    for seed in (3, 14, 159):
        assert mutate(seed).data == mutate(seed).data


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(tempfile.mkdtemp(dir=scratch))
        for argument in sys.argv[1:]:
            kept = Path(tempfile.gettempdir()) / f"mutation-{argument}{Path(mutate(int(argument)).name).suffix}"
            kept.write_bytes(mutate(int(argument)).data)
            case = run_case(int(argument), Path(scratch))
            print(
                case["told"],
                f"  {case['outcome']}  {case['cpu']:.2f} s  {kept}",
                case["problem"] or "stands",
                "",
                sep="\n",
            )
