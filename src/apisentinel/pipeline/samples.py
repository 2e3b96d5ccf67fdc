"""Requests as they are shown: redacted, bounded, with times for people."""

from datetime import UTC, datetime, timedelta

from apisentinel.enrichment.redact import redact_text, redact_url
from apisentinel.records.batch import RequestBatch
from apisentinel.records.evidence import Sample

URL_SHOWN, AGENT_SHOWN = 400, 200
"""Characters of a URL and of a user agent in a report."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_text(ts: int) -> str | None:
    """RFC 3339 in UTC with as many digits as needed; None for times outside the calendar or unknown
    (0).

    Example:
        >>> time_text(1_000_000)
        '1970-01-01T00:00:01Z'
    """
    if ts <= 0:
        return None
    try:
        moment = _EPOCH + timedelta(microseconds=ts)
    except OverflowError:
        return None
    return moment.isoformat().replace("+00:00", "Z")


def make_sample(
    batch: RequestBatch, row: int, client: str, match: str, where: str,
    decoded: tuple[str, ...] = (),
) -> Sample:  # fmt: skip
    """The request of a row for a report."""
    path = batch.text("path", row) or b""
    query = batch.text("query", row)
    url = redact_url(path[: 4 * URL_SHOWN] + (b"?" + query[: 4 * URL_SHOWN] if query else b""))
    status = int(batch.numbers["status"][row])
    return Sample(
        seq=int(batch.numbers["seq"][row]),
        ts=time_text(int(batch.numbers["ts"][row])),
        client=client,
        method=(batch.text("method", row) or b"").decode("utf-8", "replace")[:32],
        url=url[:URL_SHOWN],
        status=status if status > 0 else None,
        user_agent=redact_text((batch.text("user_agent", row) or b"")[: 4 * AGENT_SHOWN])[
            :AGENT_SHOWN
        ],
        match=match,
        where=where,
        decoded=decoded,
    )
