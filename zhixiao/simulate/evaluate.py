"""`make evaluate`: simulate a fresh world, run the pipeline through its public interface, compare with the truth."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from zhixiao.settings import Settings
from zhixiao.simulate.compare import Comparison, compare
from zhixiao.simulate.funnel import Funnel
from zhixiao.simulate.knowledge import KEPT
from zhixiao.simulate.model import Config
from zhixiao.simulate.views import SOURCES
from zhixiao.simulate.world_files import simulate, write_truth

FUNNEL_SOURCES = tuple(sorted(KEPT | {"tax"}))


@dataclass
class Evaluation:
    """One world against the truth."""

    config: Config
    known_on: date
    as_of: date
    files: int
    exit_code: int
    seconds: dict[str, float] = field(default_factory=dict)
    parts: list[Comparison] = field(default_factory=list)

    @property
    def differences(self) -> int:
        return sum(c.different for c in self.parts)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "known_on": self.known_on.isoformat(),
            "as_of": self.as_of.isoformat(),
            "differences": self.differences,
        }


def evaluate(
    config: Config,
    folder: Path,
    known_on: date | None = None,
    as_of: date | None = None,
    sources: Sequence[str] = SOURCES,
) -> Evaluation:
    """Simulate into `folder`, run everything, compare. The pair defaults to what the pipeline takes by default."""
    from zhixiao.run import run

    start = time.perf_counter()
    made = simulate(config, folder / "raw", sources=sources)
    write_truth(made, folder / "truth")
    simulated = time.perf_counter()
    settings = Settings(folder / "raw", folder / "warehouse", config.district, settle_seconds=0)
    result = run(settings, known_on, as_of, progress=lambda text: print(text, file=sys.stderr))
    ran = time.perf_counter()
    known = known_on or made.known_on
    day = as_of or known
    out = Evaluation(config, known, day, len(made.files), result.exit_code)
    if result.exit_code == 1 or not settings.published_db.exists():
        failed = Comparison("run", 1)
        failed.tell(result.text)
        out.parts.append(failed)
        return out
    funnel = Funnel(made.world, made.knowledge, known, day)
    out.parts = compare(settings.published_db, [f for f in made.files if _is_known(f.received_on, known)], funnel)
    out.seconds = {
        "simulate": round(simulated - start, 1),
        "run": round(ran - simulated, 1),
        "compare": round(time.perf_counter() - ran, 1),
    }
    return out


def _is_known(day: date | None, known_on: date) -> bool:
    return day is None or day <= known_on


def table(e: Evaluation) -> str:
    """The result for the screen."""
    c = e.config
    lines = [
        f"seed {c.seed}  district {c.district}  scale {c.scale}  mess {c.mess}  files {e.files}",
        f"known_on {e.known_on}  as_of {e.as_of}  exit code {e.exit_code}  seconds {e.seconds}",
        f"{'part':<20}{'compared':>10}{'different':>11}",
    ]
    lines += [f"{p.part:<20}{p.compared:>10}{p.different:>11}" for p in e.parts]
    lines += [f"  {p.part}: {x}" for p in e.parts for x in p.examples[:12]]
    lines.append("equal to the truth" if e.differences == 0 else f"{e.differences} differences")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 0 when nothing differs, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m zhixiao.simulate.evaluate", description=__doc__)
    parser.add_argument("--seed", type=int, action="append", help="may be given several times")
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--mess", choices=("none", "light", "full"), default="full")
    parser.add_argument("--district", default="321204")
    parser.add_argument("--since", type=date.fromisoformat, help="the first received day: a shorter history")
    parser.add_argument("--known-on", type=date.fromisoformat)
    parser.add_argument("--as-of", type=date.fromisoformat)
    parser.add_argument("--funnel-only", action="store_true", help="only the sources that the funnel reads")
    parser.add_argument("--keep", type=Path, help="keep worlds and warehouses below this folder")
    parser.add_argument("--json", type=Path, default=Path("build/evaluation.json"))
    args = parser.parse_args(argv)
    sources = FUNNEL_SOURCES if args.funnel_only else SOURCES
    results = []
    for seed in args.seed or [1]:
        config = Config(seed, args.district, args.scale, args.mess, args.since)
        with tempfile.TemporaryDirectory(prefix="zhixiao-evaluate-") as scratch:
            folder = args.keep / f"seed{seed}-{args.mess}" if args.keep else Path(scratch)
            results.append(evaluate(config, folder, args.known_on, args.as_of, sources))
        print(table(results[-1]))
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(
        json.dumps([r.to_json() for r in results], ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8"
    )
    return 1 if any(r.differences for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
