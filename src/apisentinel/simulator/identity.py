"""Ids of actors as text, exactly as the writer prints them."""

import ipaddress

_MASK = 2**64 - 1


def _mix(value: int, salt: int) -> int:
    state = (value + salt * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


def session_text(session: int) -> str:
    """Id of a session."""
    return f"{_mix(session, 1):016x}"


def user_text(template: str, user: int) -> str:
    """Id of a user by the template of its domain, such as ``CU{user:pad9}``."""
    head, _, rest = template.partition("{user")
    form, _, tail = rest.partition("}")
    if form.startswith(":pad"):
        width = int(form[4:])
        text = f"{user % 10**width:0{width}d}"
    elif form.startswith(":hex"):
        text = f"{_mix(user, 1):016x}"[: int(form[4:])]
    else:
        text = str(user)
    return f"{head}{text}{tail}"


def address_text(high: int, low: int) -> str:
    """Canonical text of an address from its halves."""
    if high == 0:
        return str(ipaddress.IPv4Address(low))
    return str(ipaddress.IPv6Address((high & _MASK) << 64 | low & _MASK))
