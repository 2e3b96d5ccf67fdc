"""The settings of the service, put together from those of its parts."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from apisentinel.features import FeatureSettings
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.log_settings import LogSettings
from apisentinel.pipeline.response_settings import ResponseSettings
from apisentinel.pipeline.server_settings import ServerSettings
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.sources.settings import SourceSettings
from apisentinel.storage.settings import StorageSettings


def _fields_of(value: Any) -> Any:
    """The fields of a model that was made for a scan; anything else as it is."""
    return dict(value) if isinstance(value, BaseModel) else value


class ServiceState(FeatureSettings):
    """Bounds of the state of a service, which runs for months: it remembers more clients than a
    scan does.
    """

    clients: int = Field(
        1 << 20,
        ge=64,
        description="Clients remembered at once; 1.5 KiB each, 0.2 to 0.6 KiB while packed.",
    )
    unpacked_clients: int = Field(
        1 << 15,
        ge=1,
        description="Clients that are kept unpacked, about; those that were quiet for longest are"
        " packed. It changes memory and speed, never results.",
    )

    _from_scan = model_validator(mode="before")(_fields_of)


class ServiceDetection(ScanSettings):
    """How a service judges."""

    state: ServiceState = ServiceState()

    _from_scan = model_validator(mode="before")(_fields_of)


class ServiceSettings(BaseModel):
    """Everything that the service can be told; the same keys in a configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(
        default=Path("apisentinel-data"), description="Folder of everything that is kept."
    )
    demo: bool = Field(default=False, description="Made-up traffic shows what the product does.")
    log: LogSettings = LogSettings()
    server: ServerSettings = ServerSettings()
    door: DoorSettings = DoorSettings()
    sources: SourceSettings = SourceSettings()
    storage: StorageSettings = StorageSettings()
    runtime: RuntimeSettings = RuntimeSettings()
    response: ResponseSettings = ResponseSettings()
    detection: ServiceDetection = ServiceDetection()
