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
from zhixiao.simulate.compare_registers import compare_registers
from zhixiao.simulate.compare_retrospective import compare_retrospective
from zhixiao.simulate.falsify.planting import LEVELS, Dial
from zhixiao.simulate.funnel import Funnel
from zhixiao.simulate.knowledge import KEPT
from zhixiao.simulate.model import Config
from zhixiao.simulate.score import CheckScore, add_up, read_results, score
from zhixiao.simulate.score_page import page as check_page
from zhixiao.simulate.score_page import table as check_table
from zhixiao.simulate.views import SOURCES
from zhixiao.simulate.world_files import Simulation, simulate, write_truth

FUNNEL_SOURCES = tuple(sorted(KEPT | {"tax"}))


@dataclass
class PairResult:
    """One run of the pipeline against the truth at one pair."""

    known_on: date
    as_of: date
    exit_code: int
    parts: list[Comparison] = field(default_factory=list)
    checks: list[CheckScore] | None = None
    """None where the release has no results of checks."""

    @property
    def differences(self) -> int:
        return sum(c.different for c in self.parts)


@dataclass
class Evaluation:
    """One world against the truth, at every pair that was asked for."""

    config: Config
    files: int
    pairs: list[PairResult] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def differences(self) -> int:
        return sum(p.differences for p in self.pairs)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"differences": self.differences}


Pair = tuple[date | None, date | None]


def evaluate(
    config: Config, folder: Path, pairs: Sequence[Pair] = ((None, None),), sources: Sequence[str] = SOURCES
) -> Evaluation:
    """Simulate into `folder`, run everything once for each pair, compare. (None, None) is what the pipeline takes."""
    start = time.perf_counter()
    made = simulate(config, folder / "raw", sources=sources)
    write_truth(made, folder / "truth")
    out = Evaluation(config, len(made.files))
    out.seconds["simulate"] = round(time.perf_counter() - start, 1)
    settings = Settings(folder / "raw", folder / "warehouse", config.district, settle_seconds=0)
    for known_on, as_of in pairs:
        start = time.perf_counter()
        out.pairs.append(_run_pair(settings, made, known_on or made.known_on, known_on, as_of))
        out.seconds[f"run and compare {len(out.pairs)}"] = round(time.perf_counter() - start, 1)
    return out


def _run_pair(
    settings: Settings, made: Simulation, known: date, known_on: date | None, as_of: date | None
) -> PairResult:
    from zhixiao.run import run

    told = run(settings, known_on, as_of, progress=lambda text: print(text, file=sys.stderr))
    result = PairResult(known, as_of or known, told.exit_code)
    database = Path((told.details.get("publish") or {}).get("path") or "-") / "zhixiao.duckdb"
    if told.exit_code == 1 or not database.exists():
        failed = Comparison("run", 1)
        failed.tell(told.text)
        result.parts.append(failed)
        return result
    funnel = Funnel(made.world, made.knowledge, known, result.as_of)
    files = [f for f in made.files if f.received_on is None or f.received_on <= known]
    result.parts = [
        *compare(database, files, funnel),
        compare_retrospective(database, funnel),
        *compare_registers(database, funnel),
    ]
    answers = read_results(database)
    result.checks = None if answers is None else score(made.world.plantings, answers, known)
    return result


def title(c: Config) -> str:
    """A world in one line."""
    said = f"seed {c.seed}  district {c.district}  scale {c.scale}  mess {c.mess}  since {c.since or 'the beginning'}"
    planted = f"  falsified {c.dial.per_mille} in 1000 ({', '.join(c.dial.checks) or 'all checks'}, {c.dial.level})"
    return said + (planted if c.dial.per_mille else "")


def table(e: Evaluation) -> str:
    """The result for the screen."""
    c = e.config
    lines = [f"{title(c)}  files {e.files}  seconds {e.seconds}"]
    for pair in e.pairs:
        lines.append(f"known_on {pair.known_on}  as_of {pair.as_of}  exit code {pair.exit_code}")
        lines.append(f"  {'part':<20}{'compared':>10}{'different':>11}")
        lines += [f"  {p.part:<20}{p.compared:>10}{p.different:>11}" for p in pair.parts]
        lines += [f"    {p.part}: {x}" for p in pair.parts for x in p.examples[:12]]
        lines.append("  no results of checks in this release" if pair.checks is None else check_table(pair.checks))
    lines.append("equal to the truth" if e.differences == 0 else f"{e.differences} differences")
    return "\n".join(lines)


def _pair(text: str) -> Pair:
    known_on, _, as_of = text.partition(":")
    known = date.fromisoformat(known_on)
    return known, date.fromisoformat(as_of) if as_of else known


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 0 when nothing differs, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m zhixiao.simulate.evaluate", description=__doc__)
    parser.add_argument("--seed", type=int, action="append", help="may be given several times")
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--mess", choices=("none", "light", "full"), default="full")
    parser.add_argument("--district", default="321204")
    parser.add_argument("--since", type=date.fromisoformat, help="the first received day: a shorter history")
    parser.add_argument(
        "--pair", type=_pair, action="append", default=[], help="KNOWN_ON[:AS_OF], after the default pair; repeatable"
    )
    parser.add_argument("--funnel-only", action="store_true", help="only the sources that the funnel reads")
    parser.add_argument("--falsify", type=int, default=0, help="falsified units in a thousand, by check")
    parser.add_argument("--checks", default="", help="plant these checks alone: R01,R14")
    parser.add_argument("--level", choices=(*LEVELS, "spread"), default="spread", help="how boldly")
    parser.add_argument("--keep", type=Path, help="keep worlds and warehouses below this folder")
    parser.add_argument("--json", type=Path, default=Path("build/evaluation.json"), help="a page lies beside it")
    args = parser.parse_args(argv)
    sources = FUNNEL_SOURCES if args.funnel_only else SOURCES
    dial = Dial(args.falsify, tuple(c for c in args.checks.split(",") if c), args.level)
    results = []
    for seed in args.seed or [1]:
        config = Config(seed, args.district, args.scale, args.mess, args.since, dial)
        with tempfile.TemporaryDirectory(prefix="zhixiao-evaluate-") as scratch:
            folder = args.keep / f"seed{seed}-{args.mess}" if args.keep else Path(scratch)
            results.append(evaluate(config, folder, [(None, None), *args.pair], sources))
        print(table(results[-1]))
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(
        json.dumps([r.to_json() for r in results], ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8"
    )
    scores = add_up([r.pairs[0].checks or [] for r in results])
    if scores:
        page = args.json.with_suffix(".html")
        page.write_text(check_page(scores, [title(r.config) for r in results]), encoding="utf-8")
        print(f"{check_table(scores)}\n{page}")
    return 1 if any(r.differences for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
