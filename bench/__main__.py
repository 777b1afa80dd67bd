"""`make bench`: every measurement of this project, each beside its floor in the same run.

`python -m bench NAME [options]` runs one of them.
"""

from __future__ import annotations

import sys

from bench import landing, simulate

BENCHES = {"landing": landing.main, "simulate": simulate.main}

if __name__ == "__main__":
    if len(sys.argv) == 1:
        for bench in BENCHES.values():
            bench()
    elif sys.argv[1] in BENCHES:
        BENCHES[sys.argv.pop(1)]()
    else:
        sys.exit(f"没有这项测试 / no such benchmark: {sys.argv[1]}; {', '.join(BENCHES)}")
