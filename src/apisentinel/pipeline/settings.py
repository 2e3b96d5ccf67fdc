"""The settings of a pipeline, put together from those of its parts."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from apisentinel.detectors.anomaly.settings import AnomalySettings
from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.profile.settings import ProfileSettings
from apisentinel.detectors.spraying_settings import SprayingSettings
from apisentinel.enrichment import EnrichmentSettings
from apisentinel.features import FeatureSettings
from apisentinel.features.access_threshold import ThresholdSettings
from apisentinel.incidents import AlertSettings, IncidentSettings
from apisentinel.scoring import LedgerSettings


class Detectors(BaseModel):
    """Switch and weight of every detector."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    payload: DetectorSettings = DetectorSettings()
    profile: ProfileSettings = ProfileSettings()
    anomaly: AnomalySettings = AnomalySettings()
    scanner_agent: DetectorSettings = DetectorSettings()
    scanning: DetectorSettings = DetectorSettings()
    brute_force: DetectorSettings = DetectorSettings()
    credential_stuffing: DetectorSettings = DetectorSettings()
    password_spraying: SprayingSettings = SprayingSettings()
    account_guessing: DetectorSettings = DetectorSettings()
    code_guessing: DetectorSettings = DetectorSettings()
    carding: DetectorSettings = DetectorSettings()
    account_probing: DetectorSettings = DetectorSettings()
    prompt_flood: DetectorSettings = DetectorSettings()
    step_flood: DetectorSettings = DetectorSettings()
    token_replay: DetectorSettings = DetectorSettings()
    token_sharing: DetectorSettings = DetectorSettings()
    token_forgery: DetectorSettings = DetectorSettings()
    expired_token: DetectorSettings = DetectorSettings()
    enumeration: DetectorSettings = DetectorSettings()
    parameter_discovery: DetectorSettings = DetectorSettings()
    crawling: DetectorSettings = DetectorSettings()
    scraping: DetectorSettings = DetectorSettings()
    automation: DetectorSettings = DetectorSettings()
    agent_switching: DetectorSettings = DetectorSettings()
    fake_bot: DetectorSettings = DetectorSettings()
    volume: DetectorSettings = DetectorSettings()
    endpoint_flood: DetectorSettings = DetectorSettings()
    access_rate: DetectorSettings = DetectorSettings()
    resource_abuse: DetectorSettings = DetectorSettings()
    account_takeover: DetectorSettings = DetectorSettings()
    impossible_travel: DetectorSettings = DetectorSettings()
    closed_endpoint: DetectorSettings = DetectorSettings()
    foreign_functions: DetectorSettings = DetectorSettings()
    data_taking: DetectorSettings = DetectorSettings()
    forbidden_functions: DetectorSettings = DetectorSettings()
    many_objects: DetectorSettings = DetectorSettings()
    repeated_calls: DetectorSettings = DetectorSettings()
    refused_targets: DetectorSettings = DetectorSettings()
    token_abuse: DetectorSettings = DetectorSettings()
    unusual_replies: DetectorSettings = DetectorSettings()
    pace: DetectorSettings = DetectorSettings()
    endpoint_surge: DetectorSettings = DetectorSettings()
    foreign_objects: DetectorSettings = DetectorSettings()
    skipped_steps: DetectorSettings = DetectorSettings()
    privileges: DetectorSettings = DetectorSettings()
    amounts: DetectorSettings = DetectorSettings()
    graphql: DetectorSettings = DetectorSettings()
    instructions: DetectorSettings = DetectorSettings()
    exposure: DetectorSettings = DetectorSettings()
    totals: DetectorSettings = DetectorSettings()


class ScanSettings(BaseModel):
    """Everything that a scan can be told; the same keys in a configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = Field(default="auto", description="Name of the log format, or auto.")
    log_format: str | None = Field(
        default=None,
        description="nginx log_format or Apache LogFormat string of the files; overrides format.",
    )
    strict: bool = Field(
        default=False, description="A line that cannot be read makes the scan fail."
    )
    trusted_hops: int = Field(
        default=0,
        ge=0,
        le=16,
        description="Proxies in front of the server that append to X-Forwarded-For; 0 trusts none.",
    )
    threads: int = Field(
        default=2,
        ge=1,
        le=64,
        description="1 reads and judges in turn; 2 or more reads ahead in a second thread.",
    )
    chunk_bytes: int = Field(
        default=8 << 20,
        ge=1 << 10,
        le=64 << 20,
        description="Bytes read at once; the result does not depend on it.",
    )
    top: int = Field(
        default=20, ge=0, le=10_000, description="Endpoints and clients listed in the report."
    )
    model: Path | None = Field(
        default=None, description="Folder of a model bundle that `apisentinel train` wrote."
    )
    trust: Path | None = Field(
        default=None,
        description="Folder with the signing key of this installation and the .pub files of other"
        " signers whose bundles are used. Default: apisentinel/trust in the user's configuration"
        " folder.",
    )
    rules: bool = Field(default=True, description="Use what was written by hand.")
    models: bool = Field(default=True, description="Use what was trained or learned.")
    entities: bool = Field(default=False, description="Keep what the list of all entities needs.")
    enrichment: EnrichmentSettings = EnrichmentSettings()
    state: FeatureSettings = FeatureSettings()
    detectors: Detectors = Detectors()
    thresholds: ThresholdSettings = ThresholdSettings()
    ledger: LedgerSettings = LedgerSettings()
    alerts: AlertSettings = AlertSettings()
    incidents: IncidentSettings = IncidentSettings()
