"""Errors, each with a sentence in Chinese and English that a clerk or an engineer can act on."""

from __future__ import annotations


class ZhixiaoError(Exception):
    """Base of all our errors. `zh` and `en` say what happened, to what, and what to do now."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en

    def __reduce__(self) -> tuple[type[ZhixiaoError], tuple[str, str]]:
        return type(self), (self.zh, self.en)


class DataError(ZhixiaoError):
    """What was delivered is wrong. Trying again gives the same answer, so it is never retried."""


class ConfigError(ZhixiaoError):
    """The set-up is wrong: a folder, a parameter, a contract."""


class LockError(ZhixiaoError):
    """Somebody else holds the warehouse. Trying again later helps."""


class PublicationRefused(ZhixiaoError):
    """The candidate did not pass: the last release stays in place."""
