"""The pipeline for notebooks: a log as a batch of requests, an engine that gives verdicts for it.

Both are reached as `apisentinel.open_batch` and `apisentinel.Engine`.
"""

import warnings
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from os import PathLike
from typing import Any

import numpy as np

from apisentinel.errors import SourceError
from apisentinel.parsers.detect import AUTO, choose_parser
from apisentinel.parsers.document import is_document
from apisentinel.pipeline.inputs import SAMPLE_BYTES, lines_of
from apisentinel.pipeline.prepare import Prepared, joined
from apisentinel.pipeline.score import ScoreSession
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.summary import Summary
from apisentinel.records.batch import RequestBatch, empty_columns
from apisentinel.records.evidence import Incident, Verdict
from apisentinel.sources import FileSource

MOST_BYTES = 1 << 30
"""Text of one batch: places in it are numbers of four bytes, with room for one more chunk."""

REASONS_TOLD = 3


class UnreadLines(UserWarning):
    """Lines of a log gave no request."""


def open_batch(
    path: str | PathLike[str], *, format_name: str = AUTO, log_format: str | None = None
) -> RequestBatch:
    """A whole log as one batch of requests, in the order of its lines.

    Args:
        path: A file in any format that `apisentinel formats` lists, plain, .gz or .zst.
        format_name: Name of the format; found by itself when it is left out.
        log_format: nginx or Apache format string, in place of a name.

    Returns:
        The requests; `len` is their number, `text`, `headers` and `frame` show them.

    Raises:
        SourceError: The file cannot be read, is damaged, or holds more than `MOST_BYTES` of text;
            `apisentinel scan` reads logs of any size.
        ConfigError: Unknown format.

    Warns:
        UnreadLines: Some lines gave no request; says how many, and why.
    """
    with closing(FileSource(str(path))) as found:
        is_single = log_format is None and is_document(found.peek(SAMPLE_BYTES))
        with closing(lines_of(found) if is_single else found) as source:
            blocks, unread = _read(source, format_name, log_format)
            if source.problem:
                raise SourceError(f"{source.name}: {source.problem}")
    if unread:
        told = "; ".join(
            f"{count:,} × {reason}" for reason, count in unread.most_common(REASONS_TOLD)
        )
        warnings.warn(
            f"{path}: {unread.total():,} lines gave no request: {told}", UnreadLines, stacklevel=2
        )
    if not blocks:
        return RequestBatch(np.zeros(64, np.uint8), *empty_columns(0))
    return joined(blocks).batch


def _read(
    source: FileSource, format_name: str, log_format: str | None
) -> tuple[list[Prepared], Counter[str]]:
    """Requests of a source, and how many lines gave none, by reason."""
    router = choose_parser(source.peek(SAMPLE_BYTES), format_name, log_format).router
    blocks: list[Prepared] = []
    unread: Counter[str] = Counter()
    size = 0
    for chunk in source.chunks():
        size += chunk.size
        if size > MOST_BYTES:
            raise SourceError(
                f"{source.name}: more than {MOST_BYTES:,} bytes of text do not fit into one batch; "
                "read it in parts, or with 'apisentinel scan'"
            )
        parsed = router.parse_chunk(chunk.buffer, chunk.size, final=chunk.final)
        unread.update({reason: count for reason, (count, _) in parsed.rejected.items()})
        if chunk.skipped:
            unread["line longer than the limit"] += chunk.skipped
        if len(parsed.batch):
            blocks.append(Prepared(parsed.batch, np.zeros(len(parsed.batch), np.uint8)))
    return blocks, unread


class Engine:
    """Judges batches of requests one after the other, each with the history before it, as
    ``apisentinel score`` does.

    Equal requests in equal order give equal verdicts, whatever the size of the batches. Memory is
    bounded by the settings of the state. Not thread-safe.

    Example:
        >>> import json, pathlib, tempfile
        >>> log = pathlib.Path(tempfile.mkdtemp()) / "log.ndjson"
        >>> attack = {"method": "GET", "url": "/a?id=1' or '1'='1' --", "status": 200}
        >>> _ = log.write_text(json.dumps(attack | {"client_ip": "192.0.2.1"}))
        >>> verdict, = Engine().process(open_batch(log))
        >>> verdict.risk >= 40, [str(kind.value) for kind in verdict.attack_types]
        (True, ['sqli'])
    """

    def __init__(
        self, config: ScanSettings | Mapping[str, Any] | None = None, *, stateless: bool = False
    ) -> None:
        """An engine that has seen nothing yet.

        Args:
            config: Settings of a scan, or a mapping of them (see the reference of settings).
            stateless: Judge each request alone, without history.

        Raises:
            ValidationError: Of pydantic; a setting is unknown or out of range.
        """
        if not isinstance(config, ScanSettings):
            config = ScanSettings.model_validate(dict(config or {}))
        self._session = ScoreSession(config, stateless=stateless)

    def process(self, batch: RequestBatch) -> list[Verdict]:
        """Verdicts of the next requests.

        Args:
            batch: From `open_batch`; its enriched columns and missing times are filled in.

        Returns:
            One verdict for each row, in order.
        """
        return self._session.judge(batch)

    def incidents(self) -> list[Incident]:
        """All incidents so far, highest risk first; empty for an engine without history."""
        return Summary(self._session.engine).incidents()
