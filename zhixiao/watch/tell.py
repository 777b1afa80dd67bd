"""After the verdict: the digest is written, shown on the page, counted and sent. None of it can spoil a night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from zhixiao.settings import Settings
from zhixiao.warehouse.files import write_atomic
from zhixiao.watch.digest import Digest, digest_of
from zhixiao.watch.history import night_of, remember, write_metrics
from zhixiao.watch.page import write_page
from zhixiao.watch.send import send


def tell(settings: Settings, result: Mapping[str, Any]) -> tuple[Digest, list[str]]:
    """Write `state/digest.txt`, `state/history.jsonl`, `state/metrics.prom` and `docs/status.html`; send the digest.

    Returns the digest and what went wrong in sending it.
    """
    night = night_of(result)
    remember(settings, night)
    digest = digest_of(settings, result)
    write_atomic(settings.state_dir / "digest.txt", digest.text() + "\n")
    write_metrics(settings, night, Counter(x.kind for x in digest.lines))
    write_page(settings, digest)
    return digest, send(digest)
