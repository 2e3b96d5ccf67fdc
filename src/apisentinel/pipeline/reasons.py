"""Why a request is suspicious, in one line."""

from collections.abc import Sequence

from apisentinel.records.evidence import Evidence

INHERITED = "earlier requests of this client or session are suspicious"
SHOWN = 3


def reason_of(pieces: Sequence[Evidence], *, inherited: bool) -> str:
    """The strongest pieces in words; empty when nothing speaks against the request.

    Args:
        pieces: What the request itself shows.
        inherited: Its entity is suspicious for other requests.
    """
    ranked = sorted(pieces, key=lambda piece: (-piece.llr, piece.attack_type, piece.detector))
    said = [
        f"{piece.factors[0].name}: {piece.factors[0].actual}"
        for piece in ranked[:SHOWN]
        if piece.factors
    ]
    if said:
        return "; ".join(dict.fromkeys(said))
    return INHERITED if inherited else ""
