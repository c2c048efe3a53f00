"""What runs the one pass: DuckDB in this process, or Spark, here or on a cluster (the extra ``spark``; Java 17 or later)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from evalsys.base.errors import Refused

Express = Callable[[Table], Table]


def _run_in_duckdb(path: Path, express: Express) -> pa.Table:
    connection = ibis.duckdb.connect()
    try:
        expression = express(connection.read_parquet(str(path)))
        # as to_pyarrow(), without the pandas that it loads
        return connection.con.sql(connection.compile(expression)).to_arrow_table()
    finally:
        connection.disconnect()


def _run_in_spark(path: Path, express: Express) -> pa.Table:
    try:
        # The session is the process's own: the one that is there, or one by Spark's own settings. It ends with the process.
        connection = ibis.pyspark.connect()
    except ImportError as error:
        raise Refused("Spark is not installed here. Install evalsys[spark] and Java, or score with DuckDB.") from error
    expression = express(connection.read_parquet(str(path.resolve())))
    return connection.raw_sql(connection.compile(expression)).toArrow()


#: engine → how it reads a file and runs an expression over it
ENGINES: Mapping[str, Callable[[Path, Express], pa.Table]] = MappingProxyType(
    {"duckdb": _run_in_duckdb, "spark": _run_in_spark}
)
