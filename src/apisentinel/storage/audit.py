"""The audit: who changed what, in a chain of digests that shows tampering.

Every entry carries the digest of itself and of the entry before, so a changed, removed, inserted or
moved entry breaks the chain. Entries cut off at the end, or a chain computed anew, show only
against a head that was noted elsewhere: log `audit_head` now and then where the host's
administrator cannot write.

The oldest entries may be removed. The chain then begins at the last removed one, whose digest is
kept beside the table and in an entry of the chain, so that only `audit_trim` can shorten it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import apsw
import msgspec

from apisentinel.storage.base import DamagedError
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

TRIM_STEP: Final = 5_000
"""Entries removed in one transaction, about 50 ms."""

SLACK: Final = 100

TRIM: Final = "audit.trim"
BASE: Final = "audit_base"
"""Name under which the end of what was removed is kept."""


class Head(msgspec.Struct, frozen=True):
    """End of the chain: number and digest of the last entry."""

    number: int
    digest: bytes


class AuditResult(msgspec.Struct, frozen=True):
    """What a check of the chain found.

    Attributes:
        entries: Entries that were checked.
        removed: Entries before them, removed by `audit_trim`.
        head: End of the chain as it is.
        problem: What is wrong, None when nothing is.
        number: Entry at which it is wrong, 0 when nothing is.
    """

    entries: int
    head: Head
    problem: str | None = None
    number: int = 0
    removed: int = 0

    @property
    def good(self) -> bool:
        """True when the chain is whole."""
        return self.problem is None


NONE: Final = Head(0, START)
"""Head of a chain without entries."""


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
        base = self._audit_base(connection)
        number, before = last or (base.number, base.digest)
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
        if rows:
            return Head(*rows[0])
        with self.reading() as connection:
            return self._audit_base(connection)

    def audit_trim(self, before: int, most: int, step: int = TRIM_STEP) -> int:
        """Removes the oldest entries, after a check of those; the newest one always stays.

        Args:
            before: Entries older than this moment (µs) are removed,
            most: and when there are more than this, those beyond it and a hundredth part more:
                each removal is an entry itself and should not call for the next one.
            step: Entries removed at most.

        Returns:
            How many were removed.

        Raises:
            DamagedError: They are not what was written; all are kept, to be looked into.
            StoreError: The disk refuses; nothing was removed.
        """
        with self.writing() as connection:
            base = self._audit_base(connection)
            last = connection.execute("SELECT max(number) FROM audit").get
            if last is None:
                return 0
            young = connection.execute("SELECT min(number) FROM audit WHERE ts >= ?", (before,)).get
            newest = int(str(last))
            cut = int(str(young or newest)) - 1
            if newest - base.number > most:
                cut = max(cut, newest - most + most // SLACK)
            cut = min(cut, newest - 1, base.number + step)
            if cut <= base.number:
                return 0
            chain = _Chain(base)
            chain.add(connection.execute(f"{_READ} LIMIT ?", (base.number, cut - base.number)))
            if chain.problem or chain.head.number != cut:
                raise DamagedError(
                    f"the audit is damaged at entry {chain.head.number}: {chain.problem};"
                    " none of it is removed"
                )
            connection.execute("DELETE FROM audit WHERE number <= ?", (cut,))
            value = cut.to_bytes(8) + chain.head.digest
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (BASE, value))
            detail = {"number": cut, "digest": chain.head.digest.hex()}
            self._audit_in(connection, "service", TRIM, "audit", "done", detail)
            return cut - base.number

    def _audit_base(self, connection: apsw.Connection) -> Head:
        """End of what was removed; the beginning of all when that is unknown."""
        kept = connection.execute("SELECT value FROM meta WHERE name = ?", (BASE,)).get
        if not isinstance(kept, bytes) or len(kept) != len(NONE.digest) + 8:
            return NONE
        return Head(int.from_bytes(kept[:8]), kept[8:])

    def audit_verify(self, noted: Head | None = None) -> AuditResult:
        """Checks the whole chain, from the first entry that was not removed.

        Args:
            noted: A head that was noted elsewhere earlier.

        Returns:
            The first thing that is wrong, if any.
        """
        while True:
            with self.reading() as connection:
                base = self._audit_base(connection)
            result = self._verified(base, noted)
            with self.reading() as connection:
                if result.good or self._audit_base(connection) == base:
                    return result

    def _verified(self, base: Head, noted: Head | None) -> AuditResult:
        chain = _Chain(base, noted)
        while chain.add(self.rows(f"{_READ} LIMIT ?", (chain.head.number, STEP))) == STEP:
            pass
        head, number = chain.head, chain.wrong
        problem = chain.problem
        if not problem and base.number and not chain.base_told:
            problem, number = "entries at the begin are missing", base.number + 1
        if not problem and noted is not None and noted.number < base.number and noted.number:
            problem, number = "the noted entry was removed, note a newer one", noted.number
        if not problem and not chain.met:
            problem, number = "entries at the end are missing", head.number + 1
        return AuditResult(
            head.number - base.number, head, problem or None, number, removed=base.number
        )

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


_READ = (
    "SELECT number, ts, actor, action, target, result, detail, digest FROM audit"
    " WHERE number > ? ORDER BY number"
)


class _Chain:
    """A walk along the chain.

    Attributes:
        head: Last entry that is as it was written.
        problem: What is wrong with the next one, empty when nothing is.
        wrong: Its number, 0 when nothing is wrong.
        met: Whether the noted head lies on the way.
        base_told: Whether an entry says that the chain begins where it does.
    """

    def __init__(self, base: Head, noted: Head | None = None) -> None:
        self.head = self._base = base
        self._noted = noted
        self.problem = ""
        self.wrong = 0
        self.met = noted is None or noted.number == 0
        self.base_told = False
        self._meet(base)

    def add(self, rows: Iterable[Sequence[Any]]) -> int:
        """Goes on along the next entries, up to the first wrong one; gives their number."""
        seen = 0
        for *fields, digest in rows:
            seen += 1
            number = self.head.number + 1
            found = digest_of(self.head.digest, fields)
            if fields[0] != number:
                self._fail("entries are missing", number)
            elif found != digest:
                self._fail("the entry was changed", number)
            else:
                self.head = Head(number, found)
                self._meet(self.head)
                if fields[3] == TRIM:
                    self._told(fields[6])
            if self.problem:
                return 0
        return seen

    def _fail(self, problem: str, number: int) -> None:
        self.problem, self.wrong = problem, number

    def _meet(self, head: Head) -> None:
        if self._noted is not None and self._noted.number == head.number:
            self.met = True
            if head.number and self._noted.digest != head.digest:
                self._fail("the chain was written anew", head.number)

    def _told(self, detail: str) -> None:
        told = {"number": self._base.number, "digest": self._base.digest.hex()}
        self.base_told |= msgspec.json.decode(detail) == told


def digest_of(before: bytes, fields: Sequence[Any]) -> bytes:
    """Digest of an entry and all entries before it."""
    return hashlib.sha256(before + msgspec.msgpack.encode(list(fields))).digest()
