"""Cases by entity, saved often although only few of them change."""

from collections.abc import Iterable

import msgspec

from apisentinel.records.case import Case, EntityKey


class Cases(dict[EntityKey, Case]):
    """Cases by entity, with what has to be known to save them often.

    Whoever changes a case has it from `get` or by its key, or puts it in; those who go through all
    of them only read.

    Attributes:
        touched: Keys of the cases that may have changed since they were packed.
        packed: Cases as they were packed, kept for those that have not changed since.
    """

    def __init__(self, cases: Iterable[Case] = ()) -> None:
        super().__init__((case.key, case) for case in cases)
        self.touched: set[EntityKey] = set(self)
        self.packed: dict[EntityKey, bytes] = {}

    def get(  # type: ignore[override]  # nobody asks for a default of another type
        self, key: EntityKey, default: Case | None = None
    ) -> Case | None:
        """As of a dictionary."""
        case = super().get(key)
        if case is None:
            return default
        self.touched.add(key)
        return case

    def __getitem__(self, key: EntityKey) -> Case:
        """As of a dictionary."""
        case = super().__getitem__(key)
        self.touched.add(key)
        return case

    def __setitem__(self, key: EntityKey, case: Case) -> None:
        """As of a dictionary."""
        self.touched.add(key)
        super().__setitem__(key, case)

    def __delitem__(self, key: EntityKey) -> None:
        """As of a dictionary."""
        super().__delitem__(key)
        self.touched.discard(key)
        self.packed.pop(key, None)

    def pack(self) -> bytes:
        """All cases as a MessagePack array, in their order; only those that may have changed are
        encoded.
        """
        for key in self.touched:
            self.packed[key] = msgspec.msgpack.encode(super().__getitem__(key))
        self.touched.clear()
        head = b"\xdd" + len(self).to_bytes(4, "big")  # array 32
        return b"".join([head, *map(self.packed.__getitem__, self)])
