"""The text format of Prometheus, version 0.0.4."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apisentinel.pipeline.service import Service

_LABEL_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


def exposition(service: "Service") -> str:
    """All figures of a service.

    Labels come from closed lists and from the names of configured sources, never from traffic:
    who writes traffic could otherwise fill the memory of whoever collects the figures.
    """
    lines: list[str] = []
    for family in service.metrics():
        lines += [
            f"# HELP {family.name} {family.help.translate(_HELP_ESCAPES)}",
            f"# TYPE {family.name} {family.kind}",
        ]
        for sample in family.samples:
            labels = ",".join(
                f'{name}="{value.translate(_LABEL_ESCAPES)}"'
                for name, value in sample.labels.items()
            )
            shown = f"{{{labels}}}" if labels else ""
            lines.append(f"{family.name}{sample.suffix}{shown} {_number(sample.value)}")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    """A number without loss; whole ones without a point."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))
