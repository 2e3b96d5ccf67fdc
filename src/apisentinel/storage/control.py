"""The control store: alerts, incidents, decisions, accounts, audit, settings, dead letters."""

from pathlib import Path

from apisentinel.clock import Clock
from apisentinel.storage.accounts import AccountTables
from apisentinel.storage.audit import AuditTable
from apisentinel.storage.dead_letters import DeadLetterTable
from apisentinel.storage.decisions import DecisionTable
from apisentinel.storage.findings import Findings
from apisentinel.storage.folder import Folder
from apisentinel.storage.preferences import PreferenceTables
from apisentinel.storage.retention import RetentionTables
from apisentinel.storage.settings import StorageSettings


class ControlStore(
    AuditTable,
    Findings,
    RetentionTables,
    AccountTables,
    PreferenceTables,
    DeadLetterTable,
    DecisionTable,
):
    """All that is small and must not be lost, in one SQLite database.

    Every method that changes something returns when the change is on disk. All methods may be
    called from any thread, and several processes may use one store.

    Example:
        >>> import tempfile
        >>> from apisentinel.clock import ManualClock
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = ControlStore(Path(folder), ManualClock())
        ...     store.audit_append("alice", "settings.save", "retention")
        ...     print(store.audit_verify().good)
        ...     store.close()
        True
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        settings: StorageSettings | None = None,
        *,
        folder: Folder | None = None,
    ) -> None:
        """Opens the store, or makes it.

        Args:
            path: Folder, made when it is missing.
            clock: Tells when something was created or changed.
            settings: Of all stores.
            folder: Where the files are; tests put a failing disk here.

        Raises:
            NewerVersionError: A later version of the product has written it.
            StoreError: It cannot be opened.
        """
        settings = settings or StorageSettings()
        self.most_dead_letters = settings.dead_letters
        self.dead_letter_bytes = settings.dead_letter_bytes
        super().__init__(path, clock, folder=folder)
