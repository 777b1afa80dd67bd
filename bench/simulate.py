"""Time and memory of `zhixiao simulate --districts N` for growing N: the peak of a worker must not grow.

    python -m bench simulate [--districts 1 10 95] [--scale 0.05] [--jobs 1] [--json FILE]

Each N is a process of its own that writes to a scratch folder which is removed afterwards. Memory is the peak of the
largest of the processes that write districts (one each). At scale 1.0 a district is about 360 MB of
CSV and a million rows of tax, so that 95 are 34 GB and some 97 million.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write(n: int, scale: float, jobs: int, folder: Path) -> dict[str, float]:
    """Write `n` districts below `folder`, in this process, and say what it took."""
    from zhixiao.simulate.districts import SMALL_FIRMS, province, write_districts
    from zhixiao.simulate.model import Config

    started = time.perf_counter()
    configs = province(Config(seed=1, scale=scale, small_firms=SMALL_FIRMS), n)
    done = list(write_districts(configs, folder / "raw", folder / "truth", jobs))
    own, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "districts": n,
        "wall": time.perf_counter() - started,
        "cpu": own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime,
        "rss_mib": max(d.peak_mib for d in done),
        "files": sum(d.files for d in done),
        "rows": sum(d.rows for d in done),
        "tax_rows": sum(d.tax_rows for d in done),
        "mb": sum(p.stat().st_size for p in (folder / "raw").rglob("*") if p.is_file()) / 1e6,
    }


def measure(n: int, scale: float, jobs: int) -> dict[str, float]:
    """One N in a fresh process."""
    with tempfile.TemporaryDirectory(prefix="zhixiao-bench-") as scratch:
        done = subprocess.run(
            [sys.executable, "-m", "bench.simulate", "--child", str(n), scratch, "--scale", str(scale),
             "--jobs", str(jobs)],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
    seen: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seen


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--districts", type=int, nargs="+", default=[1, 10, 95])
    p.add_argument("--scale", type=float, default=0.05)
    p.add_argument("--jobs", type=int, default=1)
    p.add_argument("--json", type=Path, default=Path(__file__).with_name("out") / "simulate.json")
    p.add_argument("--child", nargs=2, metavar=("N", "FOLDER"), help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.child:
        print(json.dumps(write(int(args.child[0]), args.scale, args.jobs, Path(args.child[1]))))
        return
    print(f"simulate, scale {args.scale}, {args.jobs} job(s)")
    print(
        f"{'districts':>10}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'files':>9}{'rows':>13}{'tax rows':>13}{'MB':>9}"
    )
    results = []
    for n in args.districts:
        r = measure(n, args.scale, args.jobs)
        results.append(r)
        print(
            f"{n:>10}{r['wall']:>9.1f}{r['cpu']:>9.1f}{r['rss_mib']:>10.0f}{r['files']:>9,.0f}{r['rows']:>13,.0f}"
            f"{r['tax_rows']:>13,.0f}{r['mb']:>9,.0f}",
            flush=True,
        )
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"scale": args.scale, "jobs": args.jobs, "results": results}, indent=1) + "\n")
    print(f"-> {args.json}")


if __name__ == "__main__":
    main()
