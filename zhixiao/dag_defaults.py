"""What the tasks of our DAGs have in common: whose they are, how long they may take, and what is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Rule:
    """Whether errors of these classes, by their full names, are tried again, and why."""

    exception: tuple[str, ...]
    retried: bool
    reason: str


TAKEN = Rule(("zhixiao.errors.LockError", "duckdb.IOException"), True, "somebody else holds the warehouse")
NO_MEMORY = Rule(("builtins.MemoryError", "duckdb.OutOfMemoryException"), True, "not enough memory at this moment")
WRONG = Rule(
    ("zhixiao.errors.ZhixiaoError",), False, "the data or the set-up is wrong: trying again gives the same answer"
)


def task_defaults(timeout: timedelta, *more: Rule) -> dict[str, Any]:
    """`default_args` of a DAG. A warehouse that is taken is asked again with growing pauses, and what `more` says is
    tried again; nothing else is. Airflow is imported here: the module costs nothing to read."""
    from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

    rules = [
        RetryRule(
            exception=list(r.exception), action=RetryAction.RETRY if r.retried else RetryAction.FAIL, reason=r.reason
        )
        for r in (TAKEN, *more)
    ]
    return {
        "owner": "data-platform",
        "retries": 4,
        "retry_delay": timedelta(seconds=15),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
        "execution_timeout": timeout,
        "retry_policy": ExceptionRetryPolicy(rules=rules, default=RetryAction.FAIL),
    }
