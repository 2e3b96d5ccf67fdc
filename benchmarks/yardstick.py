"""The yardstick: a plain Polars regex parse of a combined log, as a data engineer would write it.

``python -m benchmarks.yardstick FILE`` prints the CPU time of each step as JSON. It reads lines,
takes them apart by one regular expression and converts the types; it detects nothing.
"""

import json
import sys
import time
from itertools import pairwise

import polars as pl

PATTERN = (
    r"^(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "
    r'"(?P<method>[A-Z]+) (?P<url>\S+) (?P<version>[^"]*)" (?P<status>\d{3}) (?P<size>\d+|-) '
    r'"(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"$'
)


def read(path: str) -> pl.DataFrame:
    """Lines of a file in the column ``line``."""
    return pl.read_csv(
        path, has_header=False, separator="\x01", quote_char=None, schema={"line": pl.String}
    )


def split(lines: pl.DataFrame) -> pl.DataFrame:
    """One text column per field; null where a line does not match."""
    return lines.select(pl.col("line").str.extract_groups(PATTERN).alias("f")).unnest("f")


def convert(fields: pl.DataFrame) -> pl.DataFrame:
    """Times, numbers, categories, and the target taken apart."""
    target = pl.col("url").str.splitn("?", 2).struct.rename_fields(["path", "query"])
    return fields.with_columns(
        pl.col("time").str.to_datetime("%d/%b/%Y:%H:%M:%S %z"),
        pl.col("status").cast(pl.Int16),
        pl.col("size").cast(pl.Int64, strict=False),
        pl.col("client", "agent").cast(pl.Categorical),
        target.alias("target"),
    ).unnest("target")


def main(path: str) -> dict[str, float | int]:
    """CPU nanoseconds per line of each step, and counts."""
    clock = [time.process_time_ns()]
    lines = read(path)
    clock.append(time.process_time_ns())
    fields = split(lines)
    clock.append(time.process_time_ns())
    table = convert(fields)
    clock.append(time.process_time_ns())
    steps = [(after - before) / len(lines) for before, after in pairwise(clock)]
    return {
        "lines": len(lines),
        "parsed": len(table) - table["client"].null_count(),
        **dict(zip(("read_ns", "split_ns", "convert_ns"), steps, strict=True)),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
