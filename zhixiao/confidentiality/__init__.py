"""Which cells of the public tables may be shown, so that nobody can work out one firm's figure from them."""

from zhixiao.confidentiality.protect import Decision, protect
from zhixiao.confidentiality.rules import Member, Rules

__all__ = ["Decision", "Member", "Rules", "protect"]
