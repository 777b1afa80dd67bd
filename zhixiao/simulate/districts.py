"""Many districts on disk, each below its code and each in a process of its own, so that memory is that of one.

A district's draws depend on the seed and on its code alone: any number of workers writes the same bytes.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from zhixiao.simulate.calibration import report
from zhixiao.simulate.model import Config
from zhixiao.simulate.places import districts_of, place_of
from zhixiao.simulate.world_files import simulate, write_truth

SMALL_FIRMS = 8000


@dataclass(frozen=True)
class District:
    """What came of one district."""

    code: str
    name: str
    files: int
    rows: int
    tax_rows: int
    seconds: float
    peak_mib: float
    """The highest memory of the process that wrote it."""
    calibration: str


def province(config: Config, n: int) -> list[Config]:
    """The first `n` districts of the config's province, its own first, in the same seed and scale, as CSV."""
    codes = districts_of(config.district)
    if not 1 <= n <= len(codes):
        raise ValueError(f"{n} is not between 1 and {len(codes)}")
    return [replace(config, district=code, workbooks_from=date.max) for code in codes[:n]]


def write_districts(configs: Sequence[Config], raw: Path, truth: Path, jobs: int) -> Iterator[District]:
    """Write every district below `raw` and its truth below `truth`; yield them as they are done."""
    if len(configs) == 1:
        yield write_district(configs[0], raw, truth)
        return
    with ProcessPoolExecutor(min(jobs, len(configs)), get_context("spawn"), max_tasks_per_child=1) as pool:
        for done in as_completed([pool.submit(write_district, config, raw, truth) for config in configs]):
            yield done.result()


def write_district(config: Config, raw: Path, truth: Path) -> District:
    """One district: files, truth, and a few figures about them."""
    start = time.perf_counter()
    made = simulate(config, raw / config.district, keeps=False)
    write_truth(made, truth / config.district)
    loaded = [f for f in made.files if f.status == "loaded"]
    return District(
        code=config.district,
        name=place_of(config.district).county,
        files=len(made.files),
        rows=sum(f.rows_accepted or 0 for f in loaded),
        tax_rows=sum(f.rows_accepted or 0 for f in loaded if f.source == "tax"),
        seconds=time.perf_counter() - start,
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        calibration=report(made.world),
    )
