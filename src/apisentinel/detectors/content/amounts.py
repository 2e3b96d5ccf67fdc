"""Parameter tampering: numbers that the client made up."""

import math

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

FEWEST_VALUES, FEWEST_PRINCIPALS = 30, 8
"""Values and principals that a number must have had before its range is known."""
HIGHEST, PAGING_LLR = 6.0, 2.0
"""Most that a number says, and a page or its size below ten thousand: people leaf far, too."""
ABSURD, ABSURD_PAGING, ABSURD_LLR = 1e8, 1e4, 3.0
"""A value that is absurd anywhere, and what it says before the range is known."""


class Amounts:
    """A price, a quantity or a limit is far out of what this endpoint is sent by others: below
    nothing, eight times less than the least, eight times more than the most.

    Catches: negative quantities, prices of a cent, page sizes of a million.
    Misses: wrong numbers inside the usual range; numbers under names of their own.
    Cost: 20 µs for a body with such a number.

    References: OWASP API6:2023, API4:2023; CWE-472, CWE-770; CAPEC-162.
    """

    id = "amounts"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(  # noqa: PLR0913 (what is known of one number)
        self, where: str, value: float, *, values: int, principals: int, beyond: int,
        edge: float | None, is_paging: bool,
    ) -> Evidence | None:  # fmt: skip
        """Evidence about one number.

        Args:
            where: Place of the number.
            value: The number.
            values: Numbers that others sent here.
            principals: Who sent them.
            beyond: How many of those were as extreme, give or take a factor of eight.
            edge: The usual number nearest to it.
            is_paging: It asks for much instead of claiming something.
        """
        if not self.settings.enabled:
            return None
        if values < FEWEST_VALUES or principals < FEWEST_PRINCIPALS:
            is_absurd = abs(value) >= (ABSURD_PAGING if is_paging else ABSURD)
            llr = ABSURD_LLR if is_absurd or (value < 0 and not is_paging) else 0.0
        else:
            llr = min(HIGHEST, math.log(0.3 * (values + 1) / (beyond + 0.5)))
        if is_paging and abs(value) < ABSURD_PAGING:
            llr = min(llr, PAGING_LLR)
        llr *= self.settings.weight
        if llr < 1.5:
            return None
        kind = AttackType.RESOURCE_ABUSE if is_paging else AttackType.PARAMETER_TAMPERING
        shown = int(value) if value == int(value) else round(value, 2)
        factor = Factor(f"number in {where[:80]}", shown, edge)
        return Evidence(self.id, kind, llr, (factor,))
