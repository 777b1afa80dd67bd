"""`make bench`: every measurement of this project, each beside its floor in the same run."""

from __future__ import annotations

from bench import landing

if __name__ == "__main__":
    landing.main()
