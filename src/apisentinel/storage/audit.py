"""The audit: who changed what, in a chain of digests that shows tampering.

Every entry carries the digest of itself and of the entry before, so a changed, removed, inserted or
moved entry breaks the chain. Entries cut off at the end, or a chain computed anew, show only
against a head that was noted elsewhere: log `audit_head` now and then where the host's
administrator cannot write.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import apsw
import msgspec

from apisentinel.storage.control_base import ControlBase
from apisentinel.storage.query import Condition, Field, Fields, Kind, Listing, Page

AUDIT_FIELDS = Fields(
    "number",
    [
        Field("number", Kind.INTEGER, sortable=True),
        Field("ts", Kind.MOMENT, sortable=True),
        Field("actor", Kind.TEXT, sortable=True),
        Field("action", Kind.TEXT, sortable=True),
        Field("target", Kind.TEXT, sortable=True),
        Field("result", Kind.TEXT),
    ],
)

START: Final = bytes(32)
"""Digest before the first entry."""

LARGEST_DETAIL: Final = 16_384
"""Characters of the detail of an entry; a longer one is replaced by its digest."""

STEP: Final = 1_000
"""Entries read at a time when the chain is checked."""


class Head(msgspec.Struct, frozen=True):
    """End of the chain: number and digest of the last entry."""

    number: int
    digest: bytes


class AuditResult(msgspec.Struct, frozen=True):
    """What a check of the chain found.

    Attributes:
        entries: Entries that were checked.
        head: End of the chain as it is.
        problem: What is wrong, None when nothing is.
        number: Entry at which it is wrong, 0 when nothing is.
    """

    entries: int
    head: Head
    problem: str | None = None
    number: int = 0

    @property
    def good(self) -> bool:
        """True when the chain is whole."""
        return self.problem is None


class AuditTable(ControlBase):
    """Table of the audit."""

    def audit(
        self, *, actor: str, action: str, target: str, result: str, detail: Mapping[str, Any]
    ) -> None:
        """Appends an entry; it is on disk when this returns.

        Args:
            actor: Who did it.
            action: What was done, such as ``key.create``.
            target: To what.
            result: ``done``, ``refused`` or the like.
            detail: Anything else as plain data; never a secret.
        """
        with self.writing() as connection:
            self._audit_in(connection, actor, action, target, result, detail)

    def audit_append(
        self, actor: str, action: str, target: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Appends an entry about something that was done."""
        self.audit(actor=actor, action=action, target=target, result="done", detail=detail or {})

    def _audit_in(
        self,
        connection: apsw.Connection,
        actor: str,
        action: str,
        target: str,
        result: str,
        detail: Mapping[str, Any],
    ) -> None:
        last = connection.execute(
            "SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1"
        ).fetchone()
        number, before = last or (0, START)
        text = msgspec.json.encode(detail, order="sorted").decode()
        if len(text) > LARGEST_DETAIL:
            text = f'{{"sha256":"{hashlib.sha256(text.encode()).hexdigest()}"}}'
        fields = (int(number) + 1, self._clock.now(), actor, action, target, result, text)
        connection.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*fields, digest_of(bytes(before), fields)),
        )

    def audit_head(self) -> Head:
        """End of the chain, to be noted elsewhere."""
        rows = self.rows("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1")
        return Head(*rows[0]) if rows else Head(0, START)

    def audit_verify(self, noted: Head | None = None) -> AuditResult:
        """Checks the whole chain.

        Args:
            noted: A head that was noted elsewhere earlier.

        Returns:
            The first thing that is wrong, if any.
        """
        number, before = 0, START
        met = noted is None or noted.number == 0
        while True:
            rows = self.rows(
                "SELECT number, ts, actor, action, target, result, detail, digest FROM audit"
                " WHERE number > ? ORDER BY number LIMIT ?",
                (number, STEP),
            )
            for *fields, digest in rows:
                if fields[0] != number + 1:
                    return AuditResult(
                        number, Head(number, before), "entries are missing", number + 1
                    )
                number += 1
                before = digest_of(before, fields)
                if before != digest:
                    return AuditResult(
                        number, Head(number, before), "the entry was changed", number
                    )
                if noted is not None and noted.number == number:
                    met = True
                    if noted.digest != before:
                        return AuditResult(
                            number, Head(number, before), "the chain was written anew", number
                        )
            if len(rows) < STEP:
                break
        head = Head(number, before)
        if not met:
            return AuditResult(number, head, "entries at the end are missing", number + 1)
        return AuditResult(number, head)

    def list_audit(self, conditions: Sequence[Condition], page: Page) -> Listing:
        """A page of the audit.

        Raises:
            FilterError: A condition or the page cannot be used.
        """
        found = self.listing(
            "audit",
            AUDIT_FIELDS,
            conditions,
            page,
            "number, ts, actor, action, target, result, detail",
        )
        for item in found.items:
            item["detail"] = msgspec.json.decode(item["detail"])
        return found


def digest_of(before: bytes, fields: Sequence[Any]) -> bytes:
    """Digest of an entry and all entries before it."""
    return hashlib.sha256(before + msgspec.msgpack.encode(list(fields))).digest()
