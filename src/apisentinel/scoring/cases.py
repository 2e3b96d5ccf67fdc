"""Cases by entity, saved often although only few of them change."""

from collections.abc import Iterable

from apisentinel.records.case import Case, EntityKey
from apisentinel.records.packed import Packed


class Cases(dict[EntityKey, Case]):
    """Cases by entity, with what has to be known to save them often.

    Whoever changes a case has it from `get` or by its key, or puts it in; those who go through all
    of them only read.

    Attributes:
        touched, packed: Of `Packed`.
    """

    def __init__(self, cases: Iterable[Case] = ()) -> None:
        super().__init__((case.key, case) for case in cases)
        self._packed: Packed[EntityKey, Case] = Packed(_itself)
        self.touched, self.packed = self._packed.touched, self._packed.packed
        self.touched.update(self)

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

    def pack(self) -> bytes:
        """All cases as a MessagePack array, in their order; only those that may have changed are
        encoded.
        """
        return self._packed.array(self)

    def pack_some(self, most: int) -> int:
        """Packs so many of the cases that may have changed, so that `pack` has less to do; gives
        how many are left.
        """
        return self._packed.some(self, most)


def _itself(_key: EntityKey, case: Case) -> Case:
    return case
