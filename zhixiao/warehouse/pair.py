"""The pair a run is about: what had been received (`known_on`) and what had happened (`as_of`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from zhixiao.errors import ConfigError
from zhixiao.landing.discover import received_days
from zhixiao.settings import Settings

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, order=True)
class Pair:
    """The two clocks of a release. Ordered by known_on, then as_of."""

    known_on: date
    as_of: date

    def to_json(self) -> dict[str, str]:
        return {"known_on": self.known_on.isoformat(), "as_of": self.as_of.isoformat()}

    @classmethod
    def from_json(cls, d: dict[str, str]) -> Pair:
        return cls(date.fromisoformat(d["known_on"]), date.fromisoformat(d["as_of"]))

    @property
    def name(self) -> str:
        return f"{self.known_on}_{self.as_of}"


def resolve_pair(settings: Settings, known_on: str | date | None = None, as_of: str | date | None = None) -> Pair:
    """Fill in the defaults: known_on = the latest received day under raw/, as_of = known_on.

    Raises ConfigError for a bad date, for as_of after known_on, and when nothing was ever received.
    """
    known = parse_day(known_on, "KNOWN_ON") or max(received_days(settings.raw_dir), default=None)
    if known is None:
        raise ConfigError(
            f"{settings.raw_dir} 下没有任何报送（应为 <来源>/<收到日期>/<文件>），无法确定 KNOWN_ON。",
            f"there is no delivery under {settings.raw_dir} (expected <source>/<received day>/<file>), "
            "so KNOWN_ON has no default.",
        )
    happened = parse_day(as_of, "AS_OF") or known
    if happened > known:
        raise ConfigError(
            f"AS_OF {happened} 晚于 KNOWN_ON {known}：不能统计尚未收到资料的日期。"
            f"请把 AS_OF 提前到 {known} 或以前，或给出更晚的 KNOWN_ON。",
            f"AS_OF {happened} is after KNOWN_ON {known}: nothing can be said of days from which nothing was "
            f"received. Give an AS_OF up to {known}, or a later KNOWN_ON.",
        )
    return Pair(known, happened)


def parse_day(value: str | date | None, name: str) -> date | None:
    """A day as YYYY-MM-DD; None and '' mean 'not given'. Raises ConfigError for anything else."""
    if value is None or isinstance(value, date):
        return value
    text = value.strip()
    if not text:
        return None
    day = _as_day(text)
    if day is None:
        raise ConfigError(
            f"{name} 应为 YYYY-MM-DD 的日期，例如 2026-01-31；收到的是“{value}”。",
            f"{name} must be a date like 2026-01-31; got {value!r}.",
        )
    return day


def _as_day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
