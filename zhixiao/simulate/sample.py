"""`python -m zhixiao.simulate.sample`: the district that is committed under `raw/`, its truth under `tests/`."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from zhixiao.settings import PROJECT_DIR
from zhixiao.simulate.falsify.planting import Dial
from zhixiao.simulate.model import Config
from zhixiao.simulate.views import SOURCES
from zhixiao.simulate.world_files import Simulation, simulate, write_truth

SAMPLE = Config(
    seed=2026,
    scale=0.03,
    mess="light",
    dial=Dial(3, ("R01", "R02", "R04", "R05", "R07", "R14", "R29", "R34", "R41"), "high"),
    workbooks_from=date(2025, 12, 1),
    registers_monthly_from=date(2025, 1, 1),
    has_refusals=False,
)
"""Five years of all sources in some megabytes: workbooks, which are stored uncompressed, in the last months only.
No file is refused, so that `make run` in a fresh clone is green; `zhixiao simulate` shows what a red run says."""
RAW = PROJECT_DIR / "raw"
TRUTH = PROJECT_DIR / "tests" / "data" / "sample"


def write_sample(raw: Path, truth: Path) -> Simulation:
    """Write the sample; what lies in these folders from an earlier one goes (raw/README.md stays)."""
    for source in SOURCES:
        shutil.rmtree(raw / source, ignore_errors=True)
    shutil.rmtree(truth, ignore_errors=True)
    made = simulate(SAMPLE, raw)
    write_truth(made, truth)
    return made


if __name__ == "__main__":
    print(f"{len(write_sample(RAW, TRUTH).files)} files -> {RAW}")
