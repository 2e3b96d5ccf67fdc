"""What the judge remembers beside cases, in the form in which it is kept."""

import msgspec


class JudgeMemory(msgspec.Struct, forbid_unknown_fields=True):
    """Memory of a judge.

    Attributes:
        clients: Clients seen so far.
        tools: Pairs of client and scanning tool that were told, oldest first.
        phenomena: Attack type, place, rules and clients of each weak finding, oldest first; the
            clients in rising order.
    """

    clients: int
    tools: list[tuple[int, int]]
    phenomena: list[tuple[str, str, tuple[str, ...], list[int]]]
