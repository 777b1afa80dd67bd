"""Secrets of the environment, taken out of texts that are kept: notes of failed steps and their tracebacks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from zhixiao.settings import DEFAULT_PII_KEY

SHORTEST = 6
"""Shorter values are left: they would be found in harmless words."""
HIDDEN = "***"


def secrets_of(env: Mapping[str, str] | None = None) -> list[str]:
    """The secret values, the longest first, also as they stand inside a SQL text."""
    e = os.environ if env is None else env
    found = {e.get("ZHIXIAO_PII_KEY", ""), e.get("ZHIXIAO_WEBHOOK", "")} - {DEFAULT_PII_KEY}
    for name in ("ZHIXIAO_SMTP", "ZHIXIAO_WEBHOOK"):
        try:
            url = urlsplit(e.get(name, ""))
            found |= {url.password or "", unquote(url.password or "")}
            found |= {url.query, *(part.partition("=")[2] for part in url.query.split("&"))}
        except ValueError:
            found.add(e[name])
    found |= {s.replace("'", "''") for s in found}
    return sorted((s for s in found if len(s) >= SHORTEST), key=lambda s: (-len(s), s))


def hide(text: str, env: Mapping[str, str] | None = None) -> str:
    """A text without the secrets of the environment."""
    for secret in secrets_of(env):
        text = text.replace(secret, HIDDEN)
    return text
