"""Whether a program is who it says it is: by published networks, and by signatures."""

from ipaddress import ip_address

from apisentinel.enrichment.address import canonical_address
from apisentinel.enrichment.bot_ranges import Ranges, read_ranges
from apisentinel.enrichment.settings import BotSettings
from apisentinel.enrichment.web_bot_auth import Directory, Proof, Request


class BotProofs:
    """What local files say of programs under their own name. Deterministic, without memory."""

    def __init__(self, settings: BotSettings) -> None:
        """Reads the files.

        Raises:
            ConfigError: One cannot be used.
        """
        self._ranges: dict[str, Ranges] = {
            name.lower(): read_ranges(path) for name, path in settings.ranges.items()
        }
        self._directory = Directory(settings.keys) if settings.keys else None

    @property
    def has_keys(self) -> bool:
        """True where signatures can be verified."""
        return self._directory is not None

    @property
    def is_used(self) -> bool:
        """True where any file is configured."""
        return self.has_keys or bool(self._ranges)

    def by_address(self, agent: str, high: int, low: int) -> tuple[str, bool] | None:
        """Name of the crawler that an agent claims to be, and whether its operator publishes the
        address; None for a crawler without a list, and for an address that is nobody's in the
        public net.
        """
        small = agent.lower()
        name = next((name for name in self._ranges if name in small), None)
        if name is None:
            return None
        if self._ranges[name].holds(high, low):
            return name, True
        return (name, False) if ip_address(canonical_address(high, low)).is_global else None

    def by_signature(self, request: Request) -> Proof | None:
        """What the signature of a request says; None without keys or without a signature."""
        return self._directory.verify(request) if self._directory is not None else None
