"""The folder that lies beside the repository, with reference files and real public samples for tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("ZHIXIAO_SHARED") or Path(__file__).resolve().parents[3] / "shared")
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside this checkout")
