"""What is remembered of the fields of requests, in the form in which it is kept."""

import msgspec


class KnownField(msgspec.Struct, forbid_unknown_fields=True):
    """Who sent a field to an endpoint: principals in the order of their first request."""

    endpoint: int
    name: str
    early: int = 0
    principals: list[int] = []


class KnownAmount(msgspec.Struct, forbid_unknown_fields=True):
    """The numbers that an endpoint was sent under one name.

    Attributes:
        bins: Half octave → values; `NOTHING` holds zero, `BELOW` what is negative.
        voices: Principal → values that it added.
    """

    endpoint: int
    name: str
    bins: dict[int, int] = {}
    voices: dict[int, int] = {}


class KnownQueries(msgspec.Struct, forbid_unknown_fields=True):
    """The most that the queries of one GraphQL endpoint asked for."""

    endpoint: int
    depth: int = 0
    aliases: int = 0
    batch: int = 0
    principals: list[int] = []


class KnownReplies(msgspec.Struct, forbid_unknown_fields=True):
    """What the replies of an endpoint held: the most mail addresses that each principal got, and
    who got secrets, and how many of them while the endpoint was young.
    """

    endpoint: int
    most: dict[int, int] = {}
    secrets: list[int] = []
    early: int = 0


class KnownTotal(msgspec.Struct, forbid_unknown_fields=True):
    """What the totals of one endpoint are of their items, and which prices it is sent.

    Attributes:
        bins: Twentieth of a natural logarithm of total / items → totals.
        voices: Principal → totals that it added.
        same: Principal → prices that were as the API gave them.
        other: The same for prices that were not.
    """

    endpoint: int
    bins: dict[int, int] = {}
    voices: dict[int, int] = {}
    same: dict[int, int] = {}
    other: dict[int, int] = {}


class ContentMemory(msgspec.Struct, forbid_unknown_fields=True):
    """Memory of `Contents`, oldest first."""

    fields: list[KnownField] = []
    amounts: list[KnownAmount] = []
    queries: list[KnownQueries] = []
    replies: list[KnownReplies] = []
    totals: list[KnownTotal] = []
