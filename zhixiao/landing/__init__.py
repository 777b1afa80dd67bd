"""From a department's file to typed rows: `discover` what lies in the drop zone, `land_drop` it."""

from __future__ import annotations

from zhixiao.landing.land import land_drop

__all__ = ["land_drop"]
