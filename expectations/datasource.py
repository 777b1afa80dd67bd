"""Great Expectations on DuckDB: the small datasource that it lacks, and an ephemeral context on one file.

This module imports Great Expectations (5 to 13 s), so it is imported inside functions only.
Why a subclass: DuckDB returns no rows once its pooled connection is closed, and Great Expectations fetches
after that ("list index out of range"); the rows are buffered before. Everything else is inherited.
"""

from __future__ import annotations

import os

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union

import great_expectations as gx
from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults
from great_expectations.datasource.fluent import SQLDatasource  # type: ignore[attr-defined]
from great_expectations.datasource.fluent.config_str import ConfigStr
from great_expectations.execution_engine import (  # type: ignore[attr-defined]
    SqlAlchemyExecutionEngine,
)


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Buffers the rows of a query before its connection goes back to the pool."""

    def execute_query(self, query: Any) -> Any:
        with self.get_connection() as connection:
            return connection.execute(query).freeze()()


class DuckDBDatasource(SQLDatasource):
    """Registers itself as `context.data_sources.add_duckdb(...)`."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]
    # Great Expectations' pydantic evaluates this annotation itself: Union, as its own datasources write it.
    connection_string: Union[ConfigStr, str]  # noqa: UP007

    @property
    def execution_engine_type(self) -> Any:
        return DuckDBExecutionEngine


@contextlib.contextmanager
def open_datasource(database: Path, memory_limit: str = "2GB") -> Iterator[tuple[Any, Any]]:
    """An ephemeral context and a read-only datasource on one DuckDB file: `(context, datasource)`.

    The engine is disposed of at the end, so that the same process may open the file for writing again.
    """
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    # The default configuration would leave a temporary directory for pages behind after every run.
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(
        mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=stores, data_docs_sites={})
    )
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    datasource = context.data_sources.add_duckdb(  # type: ignore[attr-defined]
        "warehouse",
        connection_string=f"duckdb:///{database}?access_mode=read_only&memory_limit={memory_limit}",
        create_temp_table=False,
    )
    try:
        yield context, datasource
    finally:
        datasource.get_execution_engine().close()
        with contextlib.suppress(Exception):
            datasource.get_engine().dispose()
