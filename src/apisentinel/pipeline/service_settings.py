"""The settings of the service, put together from those of its parts."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.log_settings import LogSettings
from apisentinel.pipeline.response_settings import ResponseSettings
from apisentinel.pipeline.server_settings import ServerSettings
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.sources.settings import SourceSettings
from apisentinel.storage.settings import StorageSettings


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
    detection: ScanSettings = ScanSettings()
