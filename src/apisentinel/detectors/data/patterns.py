"""Patterns that propose places in a text, with the functions that decide."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from apisentinel.detectors.data import (
    contact,
    credential,
    finance,
    national,
    network,
    person,
    vocabulary,
)
from apisentinel.detectors.data.candidate import Candidate, Span, compiled
from apisentinel.detectors.data.limits import MAX_CANDIDATES, MAX_CANDIDATES_IN_ALL
from apisentinel.detectors.data.walk import Passages

Check = Callable[[Candidate], Span | None]

CHECKS: dict[str, Check] = {
    "any": credential.any_value,
    "token": credential.token,
    "jwt": credential.jwt,
    "secret": credential.secret,
    "email": contact.email,
    "url": contact.url,
    "phone": contact.phone,
    "phone_na": contact.phone_na,
    "iban": finance.iban,
    "card": finance.card,
    "ipv4": network.ipv4,
    "ipv6": network.ipv6,
    "ssn": national.ssn,
    "ssn_bare": national.ssn_bare,
    "br_cpf": national.br_cpf,
    "br_cnpj": national.br_cnpj,
    "cn_id": national.cn_id,
    "es_dni": national.es_dni,
    "it_codice_fiscale": national.it_codice_fiscale,
    "in_aadhaar": national.in_aadhaar,
    "fr_nir": national.fr_nir,
    "pl_pesel": national.pl_pesel,
    "nl_bsn": national.nl_bsn,
    "ca_sin": national.ca_sin,
    "fi_hetu": national.fi_hetu,
    "se_personnummer": national.se_personnummer,
    "be_nrn": national.be_nrn,
    "birth_date": person.birth_date,
    "person": person.person,
    "street": person.street,
    "us_city": person.us_city,
}
"""Functions by the name that the data file uses."""

BY_NAME = frozenset({"person_name", "address", "date_of_birth", "credential"})
"""Classes that in JSON the name of the field decides, so that its label proposes nothing."""

SHARED = BY_NAME | {"email", "url"}
"""Classes that may stand in the same bytes as another one; numbers are one thing only."""


@dataclass(slots=True)
class Budget:
    """Candidates that one body may still cost."""

    left: int = MAX_CANDIDATES_IN_ALL

    def take(self) -> bool:
        """Takes one; False when none is left."""
        self.left -= 1
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern.

    Attributes:
        id: Name in the data file.
        data_class: What a verified place is.
        automaton: The compiled expression; its first group, if any, is the value.
        check: Gives the verified part of a candidate, or None.
        needs: One of these has to be in the text.
        shapes: One of these has to be in the shape of the text.
        grouped: True when the first group of the expression is the value.
        retry: True when a refused candidate may hide one that begins inside it.
        hit: Bodies in which it finds something.
        miss: Bodies in which its class is not found.
    """

    id: str
    data_class: str
    automaton: Any
    check: Check
    needs: tuple[bytes, ...]
    shapes: tuple[bytes, ...]
    retry: bool
    grouped: bool
    hit: tuple[str, ...]
    miss: tuple[str, ...]

    @property
    def by_name(self) -> bool:
        """True when in JSON the name of the field decides."""
        return self.data_class in BY_NAME

    @property
    def exclusive(self) -> bool:
        """True when its bytes may not be anything else."""
        return self.data_class not in SHARED

    def places(self, found: Passages, claimed: bytearray, budget: Budget) -> Iterator[int]:
        """Passages in which it finds its class, once for each value.

        Bytes that are one thing already are marked in `claimed`.
        """
        text, position = found.text, 0
        for _ in range(MAX_CANDIDATES):
            match = self.automaton.search(text, position) if budget.take() else None
            if match is None:
                return
            begin, position = match.span()
            at = found.index(begin)
            if self.by_name and begin < found.values[at]:
                continue
            start, end = match.span(1) if self.grouped else (begin, position)
            if self.exclusive and claimed.find(1, start, end) >= 0:
                continue
            span = self.check(Candidate(text, start, end, found.labels[at]))
            if span is None:
                position = begin + 2 if self.retry else position
                continue
            if self.data_class != "url":
                claimed[span[0] : span[1]] = b"\1" * (span[1] - span[0])
            yield at


@cache
def load_patterns() -> tuple[Pattern, ...]:
    """All patterns of the data file; earlier ones claim their bytes first."""
    return tuple(_pattern(entry) for entry in vocabulary.load("patterns")["pattern"])


def _pattern(entry: dict[str, Any]) -> Pattern:
    automaton = compiled(entry["regex"])
    return Pattern(
        id=entry["id"],
        data_class=entry["class"],
        automaton=automaton,
        check=CHECKS[entry["check"]],
        needs=tuple(need.encode() for need in entry.get("needs", ())),
        shapes=tuple(part.encode() for part in entry.get("shapes", ())),
        retry=entry.get("retry", False),
        grouped=automaton.groups > 0,
        hit=tuple(entry["hit"]),
        miss=tuple(entry["miss"]),
    )
