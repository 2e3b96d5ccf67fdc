"""Which classes of sensitive data a response holds, how many values and where, never the values."""

from collections.abc import Iterable

from apisentinel.detectors.data.limits import MAX_COUNT, MAX_PLACES, MAX_SCANNED
from apisentinel.detectors.data.patterns import Budget
from apisentinel.detectors.data.screen import is_worth, patterns_for
from apisentinel.detectors.data.walk import Passages, passages
from apisentinel.records.evidence import DataClass, Evidence, Factor
from apisentinel.records.taxonomy import AttackType

ELSEWHERE = "elsewhere"
"""Place of values beyond the places that are told apart."""

DETECTOR = "data"
"""Id of the detector in evidence."""

MAX_FACTORS = 5
"""Classes that the evidence names."""

BINARY_TYPES = (
    b"image/",
    b"audio/",
    b"video/",
    b"font/",
    b"application/octet-stream",
    b"application/zip",
    b"application/gzip",
    b"application/wasm",
)
"""Content types without text."""

_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\r\n")


class DataClassifier:
    """Finds sensitive data in bodies of responses.

    Patterns only propose; check digits, number plans, calendars and the words around decide. In
    JSON the field's name counts too. Pure and without state: may be shared between threads. Never
    raises, whatever the bytes are.

    It does not look into compressed or binary bodies, nor behind the first 64 KiB.

    Cost: about 0.1 ms for 2 KiB of JSON; 20 ms is the order of the worst 64 KiB.
    """

    def classify(self, body: bytes, content_type: bytes | None = None) -> tuple[DataClass, ...]:
        """Classes of data in a body.

        Args:
            body: As sent, without transfer or content encoding; the first 64 KiB are read.
            content_type: Value of the header, when known.

        Returns:
            One entry for each class and place, by class, then in the order of the body. A place
            is a path such as ``$.items[].email``, or ``text``.
        """
        text = body[:MAX_SCANNED]
        if content_type is not None and content_type.strip().lower().startswith(BINARY_TYPES):
            return ()
        if not _is_text(text) or not is_worth(text):
            return ()
        found = passages(text)
        counts: dict[str, dict[str, int]] = {}
        for data_class, at in sorted(found.told):
            _count(counts, data_class, found.places[at])
        self._search(found, counts)
        return tuple(
            DataClass(name, count, where)
            for name, places in sorted(counts.items())
            for where, count in places.items()
        )

    @staticmethod
    def _search(found: Passages, counts: dict[str, dict[str, int]]) -> None:
        claimed, budget = bytearray(len(found.text)), Budget()
        for pattern in patterns_for(found.text):
            for at in pattern.places(found, claimed, budget):
                if (pattern.data_class, at) not in found.told:
                    _count(counts, pattern.data_class, found.places[at])


def _is_text(text: bytes) -> bool:
    """False for empty bodies, and when more than one byte in fifty is a control character."""
    return bool(text) and (len(text) - len(text.translate(None, _CONTROLS))) * 50 <= len(text)


def _count(counts: dict[str, dict[str, int]], data_class: str, place: str) -> None:
    places = counts.setdefault(data_class, {})
    if place not in places and len(places) >= MAX_PLACES:
        place = ELSEWHERE
    places[place] = min(places.get(place, 0) + 1, MAX_COUNT)


def class_names(found: Iterable[DataClass]) -> tuple[str, ...]:
    """Each class once, in order of the alphabet."""
    return tuple(sorted({entry.name for entry in found}))


def exposure(found: tuple[DataClass, ...]) -> Evidence | None:
    """What a response held, as information.

    It weighs nothing, since most APIs answer with such data on purpose.
    """
    if not found:
        return None
    total: dict[str, int] = {}
    for entry in found:
        total[entry.name] = total.get(entry.name, 0) + entry.count
    shown = sorted(total.items(), key=lambda item: (-item[1], item[0]))[:MAX_FACTORS]
    factors = tuple(Factor(f"{name} in the response", count) for name, count in shown)
    return Evidence(DETECTOR, AttackType.DATA_EXPOSURE, 0.0, factors)
