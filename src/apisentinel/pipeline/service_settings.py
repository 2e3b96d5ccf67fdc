"""The settings of the service, put together from those of its parts."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from apisentinel.pipeline.runtime_settings import RuntimeSettings
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.storage.settings import StorageSettings


class ServerSettings(BaseModel):
    """Where and how the service listens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65_535, description="Port to listen on; 0 picks one.")
    tls_cert: Path | None = Field(default=None, description="Certificate chain, PEM.")
    tls_key: Path | None = Field(default=None, description="Private key, PEM.")
    root_path: str = Field(
        default="", description="Path under which a proxy serves it, such as /sentinel."
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Host names that browsers may use besides localhost and the address itself.",
    )


class ServiceSettings(BaseModel):
    """Everything that the service can be told; the same keys in a configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(
        default=Path("apisentinel-data"), description="Folder of everything that is kept."
    )
    demo: bool = Field(default=False, description="Made-up traffic shows what the product does.")
    server: ServerSettings = ServerSettings()
    storage: StorageSettings = StorageSettings()
    runtime: RuntimeSettings = RuntimeSettings()
    detection: ScanSettings = ScanSettings()
