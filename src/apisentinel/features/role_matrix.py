"""Which role performs which operation, learned from what the API let in.

The matrix is the same during a window of ten minutes and learns when the window ends, so that no
answer depends on the size of a block and nobody teaches it what is judged by it. An operation is a
role's when several users of that role performed it in several windows; a role whose source or token
says nothing is `UNSAID`, and for it the regular users of an operation that few have stand as a role
of their own.

References: OWASP API5:2023; CWE-862; Frank, Buhmann, Basin, "On the definition of role mining",
SACMAT 2010.
"""

from collections.abc import Callable
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.records.flags import PATH_ADMIN, PATH_ASSET, PATH_HEALTH, PATH_LOGIN, PATH_LOGOUT
from apisentinel.records.signal import FunctionSignal

WINDOW_US = 600_000_000
"""Length of a window: a session or two of a person."""
ROLES_KEPT, CELLS_KEPT, USERS_KEPT, CELL_USERS = 256, 6_000, 1_024, 32
"""Roles, pairs of role and operation, users of a role, and users of a pair that are remembered; the
oldest role and pair give way, further users are not told apart.
"""
PENDING_KEPT = 100_000
"""Users with an operation counted in one window; further ones wait for the next."""
OWN_USERS, OWN_SHARE, OWN_WINDOWS = 3, 0.02, 3
"""Users, share of the role's users, and windows from which on an operation is a role's: one account
that is taken over, or a hunt of an hour, makes nothing usual.
"""
ROLE_REQUESTS, ROLE_USERS, ROLE_WINDOWS = 200, 3, 3
"""From when on a role is known well enough to say what it never does."""
OTHER_REQUESTS, OTHER_USERS, OTHER_WINDOWS = 10, 2, 2
"""From when on an operation is known to be another role's."""
SMALLER = 0.5
"""Users of the roles that have an operation against those of the role that has not: rights of few
are more rights. Who has more of them and does what everybody does escalates nothing.
"""
REGULAR_WINDOWS, REGULARS, REGULAR_SHARE, REGULAR_OPERATIONS = 3, 3, 0.8, 2
"""Windows that make a user a regular of an operation; regulars, their share of its requests, and
operations that they have in common, from which on they stand as a role.
"""
FEW_SHARE, FEW_OF = 0.05, 60
"""Share of the users of a site that an operation of few has at most, and users from which on a
share says something.
"""
HISTORY = 20
"""Requests of a user before its first such operation says something: new staff starts with it."""
_A, _B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SKIPPED = PATH_ASSET | PATH_HEALTH | PATH_LOGIN | PATH_LOGOUT


class Role(msgspec.Struct, forbid_unknown_fields=True):
    """What is known of a role at one site."""

    key: int
    name: str = ""
    requests: int = 0
    windows: int = 0
    users: dict[int, int] = {}


class Cell(msgspec.Struct, forbid_unknown_fields=True):
    """One role at one operation.

    Attributes:
        users: User → windows in which it performed the operation; empty once `own` is True.
        seen: Different users, as far as they are told apart.
        own: The operation is the role's.
    """

    role: int
    operation: int
    requests: int = 0
    windows: int = 0
    seen: int = 0
    own: bool = False
    users: dict[int, int] = {}


class MatrixMemory(msgspec.Struct, forbid_unknown_fields=True):
    """State of `RoleMatrix`, as it is kept, oldest first.

    Attributes:
        pending: Role, operation, user and requests, for each user with an operation in the running
            window, 8 bytes each, little-endian.
    """

    window: int = -1
    roles: list[Role] = []
    cells: list[Cell] = []
    pending: bytes = b""


class Stranger(NamedTuple):
    """A request for an operation that its role never performs, by row."""

    row: int
    signal: FunctionSignal


class RoleMatrix:
    """Learns windows and tells strangers. Deterministic in the order of the requests."""

    def __init__(self) -> None:
        self.window = -1
        self._roles: dict[int, Role] = {}
        self._cells: dict[int, dict[int, Cell]] = {}
        self._count = 0
        self._own = np.zeros(0, np.uint64)
        self._pending: dict[tuple[int, int, int], int] = {}

    def update(
        self,
        events: npt.NDArray[Any],
        hosts: npt.NDArray[np.uint64],
        roles: npt.NDArray[np.uint64],
        history: npt.NDArray[Any],
        name_of: Callable[[int], str],
    ) -> list[Stranger]:
        """Judges and counts a block; strangers by row.

        Args:
            events: `EVENT` rows after the state update.
            hosts: uint64 ``(n,)`` hash of the host.
            roles: uint64 ``(n,)`` hash of the role, 0 where nobody says it.
            history: Which request of its user each is, from 1.
            name_of: Says what the role of a row is called; asked once for each role.
        """
        counted = (
            (events["status"] >= 200) & (events["status"] < 300) & (events["endpoint"] != 0)
            & ((events["user"] != 0) | (roles != 0)) & (events["path_flags"] & _SKIPPED == 0)
            & (events["route"] > 0)
        )  # fmt: skip
        rows = np.flatnonzero(counted)
        if not rows.size:
            return []
        some = events[rows]
        windows = np.maximum.accumulate(np.maximum(some["ts"] // WINDOW_US, self.window))
        found: list[Stranger] = []
        cuts = np.flatnonzero(np.diff(windows)) + 1
        who = np.where(some["user"] != 0, some["user"], some["client"])
        role = (roles[rows] * _A) ^ (hosts[rows] * _B) ^ np.uint64(1)
        said = roles[rows] != 0
        for begin, end in zip([0, *cuts.tolist()], [*cuts.tolist(), rows.size], strict=True):
            if windows[begin] > self.window:
                self._close()
                self.window = int(windows[begin])
            part = slice(begin, end)
            found += self._judge(some[part], rows[part], who[part], role[part], said[part],
                                 history[rows[part]], name_of)  # fmt: skip
        return found

    def _judge(  # noqa: PLR0913, PLR0917 (columns of one window)
        self, events: npt.NDArray[Any], rows: npt.NDArray[Any], who: npt.NDArray[Any],
        roles: npt.NDArray[Any], said: npt.NDArray[Any], history: npt.NDArray[Any],
        name_of: Callable[[int], str],
    ) -> list[Stranger]:  # fmt: skip
        """Strangers of a part of a window; counts all of it."""
        operations = events["endpoint"]
        pair = (operations * _B) ^ (roles * _A)
        _, first, times = np.unique(
            pair ^ (who * np.uint64(0xD6E8FEB86659FD93)), return_index=True, return_counts=True
        )
        order = np.argsort(first, kind="stable")
        first, times = first[order], times[order]
        is_own = np.isin(pair[first], self._own)
        found: list[Stranger] = []
        columns = zip(
            first.tolist(),
            times.tolist(),
            roles[first].tolist(),
            operations[first].tolist(),
            who[first].tolist(),
            is_own.tolist(),
            said[first].tolist(),
            history[first].tolist(),
            strict=True,
        )
        for at, n, role, operation, user, own, is_said, known in columns:
            key = (role, operation, user)
            before = self._pending.get(key)
            if before is None and len(self._pending) >= PENDING_KEPT:
                continue
            self._pending[key] = n if before is None else before + n
            if is_said and role not in self._roles:
                self._enter(role, name_of(int(rows[at])) or f"role~{role & 0xFFFFFF:06x}")
            if own or before is not None:
                continue
            told = self._said(role, operation, user) if is_said else None
            if not is_said and known > HISTORY:
                told = self._unsaid(role, operation, user)
            if told is not None:
                is_admin = bool(events["path_flags"][at] & PATH_ADMIN)
                writes = bool(3 <= events["method"][at] <= 6)
                found.append(Stranger(int(rows[at]), FunctionSignal(*told, is_admin, writes)))
        return found

    def _said(
        self, role: int, operation: int, user: int
    ) -> tuple[str, int, tuple[str, ...], int, int, int] | None:
        """A role that is said, at an operation that is not its own."""
        mine = self._roles.get(role)
        if (
            mine is None or mine.requests < ROLE_REQUESTS or len(mine.users) < ROLE_USERS
            or mine.windows < ROLE_WINDOWS
        ):  # fmt: skip
            return None
        cells = self._cells.get(operation, {})
        names, requests, members = [], 0, 0
        for key, cell in cells.items():
            other = self._roles.get(key)
            if key == role or other is None or not other.name:
                continue
            if cell.requests < OTHER_REQUESTS or cell.windows < OTHER_WINDOWS:
                continue
            if cell.seen < min(OTHER_USERS, len(other.users)):
                continue
            names.append(other.name)
            requests += cell.requests
            members += len(other.users)
        if not names or members > SMALLER * len(mine.users):
            return None
        own = cells.get(role)
        before = 0 if own is None else own.seen - (user in own.users)
        return mine.name, mine.requests, tuple(sorted(names)[:4]), requests, members, max(before, 0)

    def _unsaid(
        self, role: int, operation: int, user: int
    ) -> tuple[str, int, tuple[str, ...], int, int, int] | None:
        """A user without a said role at an operation that only few have."""
        mine = self._roles.get(role)
        cell = self._cells.get(operation, {}).get(role)
        if mine is None or cell is None or cell.own or len(mine.users) < FEW_OF:
            return None
        if cell.windows < ROLE_WINDOWS or user in cell.users:
            return None
        regulars = _regulars(cell)
        if len(regulars) < REGULARS or cell.seen > FEW_SHARE * len(mine.users):
            return None
        common = 0
        for other in self._cells.values():
            theirs = other.get(role)
            if theirs is None or theirs.own or not theirs.users:
                continue
            if len(regulars & theirs.users.keys()) * 2 >= len(regulars):
                if user in theirs.users:
                    return None  # one of them, at one more of their operations
                common += 1
        if common < REGULAR_OPERATIONS:
            return None
        before = cell.seen - len(regulars)
        return "", mine.requests, (), cell.requests, len(regulars), max(before, 0)

    def _enter(self, key: int, name: str = "") -> Role:
        if len(self._roles) >= ROLES_KEPT:
            del self._roles[next(iter(self._roles))]
        role = self._roles[key] = Role(key, name)
        return role

    def _close(self) -> None:
        """Ends the running window: the matrix learns from it."""
        visited: set[tuple[int, int]] = set()
        active: set[int] = set()
        for (key, operation, user), n in self._pending.items():
            role = self._roles.get(key) or self._enter(key)
            role.requests += n
            if key not in active:
                active.add(key)
                role.windows += 1
            if user in role.users or len(role.users) < USERS_KEPT:
                role.users[user] = min(role.users.get(user, 0) + 1, 255)
            cell = self._cell(key, operation)
            cell.requests += n
            if (key, operation) not in visited:
                visited.add((key, operation))
                cell.windows += 1
            if cell.own:
                continue
            if user in cell.users:
                cell.users[user] = min(cell.users[user] + 1, 255)
            elif len(cell.users) < CELL_USERS:
                cell.users[user] = 1
                cell.seen += 1
        for key, operation in visited:
            kept = self._cells.get(operation, {}).get(key)
            if kept is not None and not kept.own:
                self._adopt(kept)
        self._own = self._owned()
        self._pending = {}

    def _adopt(self, cell: Cell) -> None:
        """Makes an operation a role's once several users performed it in several windows."""
        role = self._roles.get(cell.role)
        if role is None or cell.windows < OWN_WINDOWS:
            return
        if role.name:
            enough = max(OWN_USERS, OWN_SHARE * len(role.users))
            cell.own = cell.seen >= min(enough, CELL_USERS)
        else:
            # the operation of many is everybody's
            many = max(CELL_USERS, FEW_SHARE * FEW_OF)
            cell.own = cell.seen >= many
        if cell.own:
            cell.users = {}

    def _cell(self, key: int, operation: int) -> Cell:
        cells = self._cells.get(operation)
        cell = None if cells is None else cells.get(key)
        if cell is not None:
            return cell
        if self._count >= CELLS_KEPT:
            oldest = next(iter(self._cells))
            self._count -= len(self._cells.pop(oldest))
        cell = Cell(key, operation)
        self._cells.setdefault(operation, {})[key] = cell
        self._count += 1
        return cell

    def _owned(self) -> npt.NDArray[np.uint64]:
        """Pairs of role and operation that need no judging, in rising order."""
        pairs = [
            (operation, key)
            for operation, cells in self._cells.items()
            for key, cell in cells.items()
            if cell.own
        ]
        if not pairs:
            return np.zeros(0, np.uint64)
        both = np.array(pairs, np.uint64)
        return np.sort((both[:, 0] * _B) ^ (both[:, 1] * _A))

    def memory(self) -> MatrixMemory:
        """What a successor has to know."""
        cells = [cell for cells in self._cells.values() for cell in cells.values()]
        keys = np.fromiter(chain.from_iterable(self._pending), "<u8", 3 * len(self._pending))
        times = np.fromiter(self._pending.values(), "<u8", len(self._pending))
        pending = np.column_stack([keys.reshape(-1, 3), times]).tobytes()
        return MatrixMemory(self.window, list(self._roles.values()), cells, pending)

    def recall(self, memory: MatrixMemory) -> None:
        """Takes over what an earlier one remembered.

        Raises:
            ValueError: What is pending is damaged.
        """
        self.window = memory.window
        self._roles = {role.key: role for role in memory.roles}
        self._cells = {}
        for cell in memory.cells:
            self._cells.setdefault(cell.operation, {})[cell.role] = cell
        self._count = len(memory.cells)
        pending = np.frombuffer(memory.pending, "<u8").reshape(-1, 4).tolist()
        self._pending = {(role, op, user): n for role, op, user, n in pending[:PENDING_KEPT]}
        self._own = self._owned()


def _regulars(cell: Cell) -> set[int]:
    """Users that come back to an operation."""
    return {user for user, windows in cell.users.items() if windows >= REGULAR_WINDOWS}
