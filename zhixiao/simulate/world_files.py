"""A world on disk: the departments' files below `out`, the truth beside it, and what a warehouse should know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zhixiao.contracts import load_contract
from zhixiao.simulate.build import make_world
from zhixiao.simulate.calendar import working_day
from zhixiao.simulate.delivery import Delivery
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.falsify.planting import Planting
from zhixiao.simulate.forms import FileTruth, Style, Written, write
from zhixiao.simulate.knowledge import Knowledge
from zhixiao.simulate.mess import muddle
from zhixiao.simulate.model import Config, World
from zhixiao.simulate.plain_csv import write_plain
from zhixiao.simulate.views import HORIZON, SOURCES, deliveries


@dataclass
class Simulation:
    """A simulated district: what is true, what was written, and what should be known of it."""

    world: World
    knowledge: Knowledge
    files: list[FileTruth] = field(default_factory=list)

    @property
    def known_on(self) -> date:
        """The latest received day."""
        return max(f.received_on for f in self.files if f.received_on is not None)


def simulate(config: Config, out: Path, sources: Sequence[str] = SOURCES, keeps: bool = True) -> Simulation:
    """Write the files of a world into `out`, one delivery at a time; `keeps` what a warehouse should know of it."""
    made = Simulation(make_world(config), Knowledge(keeps))
    hashes: dict[str, str] = {}
    for source in sources:
        before = len(made.files)
        strangers: set[str] = set()
        first: dict[str, tuple[Written, Delivery]] = {}
        for n, delivery in enumerate(deliveries(made.world, source)):
            files = list(_files(config, delivery, n))
            if source == "sales" and config.mess == "full":
                files += _old_again(config, delivery, files, first)
            for written, told in files:
                folder = written.truths[0].folder.partition("/")[0] if written.truths else ""
                if folder and folder != source and folder in strangers:
                    # An unknown folder is one refused row however much lies in it: one file each is enough.
                    continue
                strangers.add(folder)
                _put(out, delivery, written)
                made.files += written.truths
                if told is not None:
                    hashes.setdefault(delivery.name, written.truths[0].sha256)
                    made.knowledge.add(told, written.truths[0].file_name, written.accepted)
        if load_contract(source).mode == "register":
            _mark_unchanged(made.files[before:])
        elif load_contract(source).mode == "events":
            _mark_empty_again(made.files[before:])
    made.world.plantings = [
        replace(p, entity_id=hashes.get(p.entity_id, p.entity_id)) if p.entity_type == "file" else p
        for p in made.world.plantings
    ]
    return made


def _mark_unchanged(files: list[FileTruth]) -> None:
    """A register in which nothing happened is the same file again: no new statement."""
    landed = [f for f in files if f.status == "loaded" and f.received_on is not None]
    for earlier, later in pairwise(sorted(landed, key=lambda f: (str(f.received_on), f.file_name))):
        if earlier.sha256 == later.sha256:
            later.status = "unchanged"


def _mark_empty_again(files: list[FileTruth]) -> None:
    """A form without rows states nothing that another could restate: its bytes once more change nothing."""
    seen: set[str] = set()
    for f in sorted(files, key=lambda f: (str(f.received_on), f.file_name)):
        if f.status == "loaded" and f.rows_read == f.rows_ignored:
            f.status = "unchanged" if f.sha256 in seen else "loaded"
            seen.add(f.sha256)


def _put(root: Path, delivery: Delivery, written: Written) -> None:
    """Write one file where its truth says; what is no delivery lies beside the delivery."""
    first = written.truths[0] if written.truths else None
    day = first.received_on if first and first.received_on else delivery.received_on
    folder = (first.folder if first else "") or f"{delivery.source}/{day.isoformat()}"
    for truth in written.truths:
        truth.folder = folder
    target = root / folder / written.path_name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(written.body)


File = tuple[Written, Delivery | None]
"""A file, and the delivery that it makes known."""


def _files(config: Config, delivery: Delivery, n: int) -> Iterator[File]:
    if config.mess == "none":
        is_csv = delivery.control is None and (delivery.form == "csv" or config.is_plain(delivery.received_on))
        yield write_plain(delivery) if is_csv else write(delivery, Style(container=delivery.form)), delivery
        return
    draws = Draws(config.seed, config.district, f"mess/{config.mess}/{delivery.source}/{n}")
    for written, told in muddle(delivery, draws, config.mess, HORIZON, config.is_plain(delivery.received_on)):
        if config.has_refusals or not any(t.status == "refused" for t in written.truths):
            yield written, told


def _old_again(
    config: Config, delivery: Delivery, files: list[File], first: dict[str, tuple[Written, Delivery]]
) -> list[File]:
    """The first version of a month dropped again after the final one: the same bytes, but a new statement."""
    known = [(w, d) for w, d in files if d is not None]
    stem = delivery.stem.removesuffix("（最终版）")
    if stem == delivery.stem:
        first[stem] = known[-1]
        return []
    draws = Draws(config.seed, config.district, f"mess/old again/{stem}")
    old, told = first[stem]
    day = working_day(known[-1][1].received_on + timedelta(days=draws.whole(1, 6)))
    if draws.chance(600) or day > HORIZON:
        return []
    again = replace(old, truths=[replace(t, received_on=day, folder="") for t in old.truths])
    return [(again, replace(told, received_on=day))]


def write_truth(made: Simulation, folder: Path) -> None:
    """The truth as Parquet: files, quarantined cells, projects, plantings; and world.json."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [{k: v for k, v in asdict(f).items() if k != "cells"} for f in made.files]
    _table(folder / "files.parquet", files)
    cells = [
        {
            "source": f.source,
            "received_on": f.received_on,
            "file_name": f.file_name,
            "file_sha256": f.sha256,
            **asdict(c),
        }
        for f in made.files
        for c in f.cells
    ]
    _table(folder / "cells.parquet", cells)
    projects = [
        {
            "signing_row_no": p.row_no or None,
            "project_codes": "、".join(ph.code for ph in p.phases) or None,
            "uscc": p.firm.uscc if p.firm else None,
            "signed_on": p.signed_on,
            "filed_on": min((ph.filed_on for ph in p.phases), default=None),
            "started_on": p.started_on,
            "completed_on": p.completed_on,
            "produced_on": p.produced_on,
            "withdrawn_on": p.withdrawn_on,
            "invested": sum(m.total for ph in p.phases for m in ph.fai),
        }
        for p in made.world.all_projects
    ]
    _table(folder / "projects.parquet", projects)
    pq.write_table(_plantings(made.world), folder / "plantings.parquet", compression="none", store_schema=False)
    head = asdict(made.world.config) | {
        "since": str(made.world.config.since or ""),
        "known_on": made.known_on.isoformat(),
        "files": len(made.files),
    }
    (folder / "world.json").write_text(
        json.dumps(head, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8"
    )


def _plantings(world: World) -> pa.Table:
    """What was planted; a table with its columns also where nothing was."""
    lists = {"periods", "also"}
    kinds = {"is_lookalike": pa.bool_(), "known_from": pa.date32()} | dict.fromkeys(lists, pa.list_(pa.string()))
    rows = [asdict(p) for p in world.plantings]
    columns = [f.name for f in fields(Planting)]
    return pa.table({c: pa.array([r[c] for r in rows], kinds.get(c, pa.string())) for c in columns})


def _table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    table = pa.table({c: _array([_plain(r[c]) for r in rows]) for c in (rows[0] if rows else ())})
    pq.write_table(table, path, compression="none", store_schema=False)


def _array(values: list[object]) -> pa.Array:
    if any(isinstance(v, Decimal) for v in values):
        return pa.array(values, type=pa.decimal128(38, 6))
    if all(v is None for v in values):
        return pa.array(values, type=pa.string())
    return pa.array(values)


def _plain(value: object) -> object:
    return value.quantize(Decimal("0.000001")) if isinstance(value, Decimal) else value
