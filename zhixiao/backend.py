"""The other rooms as the nightly steps call them, imported when first needed: a DAG file is read often."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from zhixiao.settings import Settings

if TYPE_CHECKING:
    from zhixiao.landing.discover import Discovery
    from zhixiao.landing.report import Drop, FileReport

Json = dict[str, Any]
Progress = Callable[[str], None]


class Backend(Protocol):
    """What a nightly run needs from the rest of the package."""

    def lock(self, settings: Settings, wait_seconds: float, what: str) -> AbstractContextManager[Any]: ...
    def resolve(self, settings: Settings, known_on: str | None, as_of: str | None) -> Json: ...
    def discover(self, settings: Settings) -> Discovery: ...
    def report(self, settings: Settings, drop: Drop) -> FileReport | None: ...
    def land_drop(self, settings: Settings, drop: Drop) -> FileReport: ...
    def gate(self, settings: Settings, drops: Sequence[Drop], known_on: date, new: Sequence[Drop]) -> Json: ...
    def load(self, settings: Settings, found: Discovery, progress: Progress) -> Json: ...
    def build(self, settings: Settings, pair: Json, progress: Progress) -> Json: ...
    def audit(self, settings: Settings, pair: Json) -> Json: ...
    def publish(self, settings: Settings, pair: Json, progress: Progress) -> Json: ...
    def answer(
        self, settings: Settings, since: date, only: Collection[tuple[str, str]], progress: Progress
    ) -> Json: ...
    def tell(self, settings: Settings, result: Json) -> list[str]: ...
    def summary(self, settings: Settings, result: Json) -> str: ...


class Rooms:
    """The real ones."""

    def lock(self, settings: Settings, wait_seconds: float, what: str) -> AbstractContextManager[Any]:
        from zhixiao.warehouse.lock import warehouse_lock

        return warehouse_lock(settings, wait_seconds, what)

    def resolve(self, settings: Settings, known_on: str | None, as_of: str | None) -> Json:
        from zhixiao.warehouse.pair import resolve_pair

        return dict(resolve_pair(settings, known_on, as_of).to_json())

    def discover(self, settings: Settings) -> Discovery:
        from zhixiao.landing.discover import discover

        return discover(settings)

    def report(self, settings: Settings, drop: Drop) -> FileReport | None:
        """The stored report of the contract's present version; None when the file has yet to be landed."""
        from zhixiao.contracts import load_contract
        from zhixiao.landing.land import stored_report
        from zhixiao.landing.report import LandedPaths

        paths = LandedPaths.of(settings.landed_dir, drop.source, drop.sha256)
        return stored_report(paths, load_contract(drop.source))

    def land_drop(self, settings: Settings, drop: Drop) -> FileReport:
        from zhixiao.landing import land_drop

        return land_drop(settings, drop)

    def gate(self, settings: Settings, drops: Sequence[Drop], known_on: date, new: Sequence[Drop]) -> Json:
        from expectations.gate import run_gate

        return as_json(run_gate(settings, drops, known_on=known_on, new=new))

    def load(self, settings: Settings, found: Discovery, progress: Progress) -> Json:
        from zhixiao.warehouse.load import load

        return as_json(load(settings, found, progress=progress))

    def build(self, settings: Settings, pair: Json, progress: Progress) -> Json:
        from zhixiao.warehouse.build import build
        from zhixiao.warehouse.pair import Pair

        return as_json(build(settings, Pair.from_json(pair), progress=progress))

    def audit(self, settings: Settings, pair: Json) -> Json:
        from expectations.candidate import run_audit
        from zhixiao.warehouse.build import mark_audited
        from zhixiao.warehouse.pair import Pair

        p = Pair.from_json(pair)
        result = run_audit(settings, p.known_on, p.as_of)
        result.require()
        mark_audited(settings, p)
        return as_json(result)

    def publish(self, settings: Settings, pair: Json, progress: Progress) -> Json:
        from zhixiao.warehouse.pair import Pair
        from zhixiao.warehouse.publish import publish

        return as_json(publish(settings, Pair.from_json(pair), progress=progress))

    def answer(self, settings: Settings, since: date, only: Collection[tuple[str, str]], progress: Progress) -> Json:
        from zhixiao.receipts.answer import answer

        return as_json(answer(settings, since, only, progress))

    def tell(self, settings: Settings, result: Json) -> list[str]:
        """Digest, page and metrics of a run. Returns what went wrong in sending."""
        from zhixiao.watch.tell import tell

        return tell(settings, result)[1]

    def summary(self, settings: Settings, result: Json) -> str:
        from zhixiao.summary import summary

        return summary(settings, result)


def as_json(value: Any) -> Json:
    """A result as JSON: as it is, by its own `to_json`, or field by field."""
    if isinstance(value, dict):
        return value
    return dict(value.to_json())
