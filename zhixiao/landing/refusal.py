"""A file that does not land: the reason code of `sources.md` section 5 and a sentence in both languages."""

from __future__ import annotations

from zhixiao.errors import DataError
from zhixiao.landing.report import RefusalCode


class Refusal(DataError):
    """The file is refused as a whole. `reason_code` is one of the codes of the load log."""

    def __init__(self, reason_code: RefusalCode, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.reason_code: RefusalCode = reason_code

    def __reduce__(self) -> tuple[type[Refusal], tuple[RefusalCode, str, str]]:  # type: ignore[override]
        return type(self), (self.reason_code, self.zh, self.en)


def unreadable(zh: str, en: str) -> Refusal:
    """The bytes are not a file of any known kind, or a damaged one."""
    return Refusal("unreadable", zh, en)


def too_large(zh: str, en: str) -> Refusal:
    """The file, or what it unpacks to, is beyond what one delivery may be."""
    return Refusal("too_large", zh, en)
