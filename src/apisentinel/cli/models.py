"""``apisentinel models``: the bundles of a data folder, while the service runs or not."""

import getpass
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apisentinel.cli import messages
from apisentinel.cli.outcome import Exit
from apisentinel.cli.visible import visible
from apisentinel.errors import ModelError

if TYPE_CHECKING:
    from apisentinel.models.bundle import Bundle
    from apisentinel.pipeline.registry import Entry, Registry

LONGEST = 100
"""Characters shown of one value."""


def _registry(config: str | None, data_dir: str | None) -> "Registry":
    from apisentinel.cli.configuration import load_service
    from apisentinel.clock import SystemClock
    from apisentinel.pipeline.learned import trust_folder
    from apisentinel.pipeline.registry import open_registry

    settings = load_service(config, {"data_dir": data_dir})
    return open_registry(settings.data_dir, trust_folder(settings.detection), SystemClock())


def _bundle(registry: "Registry", name: str) -> "Bundle":
    """A bundle of the registry, one in a folder, or ``prior``: what comes with the product."""
    from apisentinel.models.bundle import read_bundle

    if name == "prior":
        from apisentinel.models.trust import TrustStore
        from apisentinel.pipeline.learned import PRIOR

        return read_bundle(PRIOR, TrustStore.load(PRIOR.parent))
    folder = Path(name)
    if folder.is_dir():
        return read_bundle(folder, registry.trust())
    return registry.bundle(registry.entry(name))


def _user() -> str:
    return f"command line ({getpass.getuser()})"


def _out(text: str) -> None:
    sys.stdout.write(text + "\n")


def listed(config: str | None, data_dir: str | None, *, as_json: bool) -> int:
    """Prints one line a bundle, the active one first.

    Raises:
        ModelError: The state cannot be read.
    """
    entries = sorted(_registry(config, data_dir).read().entries, key=_rank)
    if as_json:
        _out(json.dumps([_fields(entry) for entry in entries], indent=2))
        return Exit.DONE
    if not entries:
        messages.note(
            "no bundles here: what comes with the product judges. 'apisentinel train' makes one,"
            " 'apisentinel models add' takes it in"
        )
    for entry in entries:
        size = f"{entry.bytes / 1e6:.1f} MB"
        _out(f"{entry.id}  {entry.state:<9}  {_day(entry.added)}  {size:>9}  {entry.signed_by}")
    return Exit.DONE


def _rank(entry: "Entry") -> tuple[int, int]:
    return ("active", "shadow", "candidate", "retired").index(entry.state), -entry.changed


def _fields(entry: "Entry") -> dict[str, Any]:
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return fields | {"added": _day(entry.added), "changed": _day(entry.changed)}


def _day(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).isoformat(timespec="seconds")


def shown(config: str | None, data_dir: str | None, name: str, *, as_json: bool) -> int:
    """Prints what a bundle says of itself.

    Raises:
        ModelError: It is not there or not genuine.
    """
    bundle = _bundle(_registry(config, data_dir), name)
    about = {
        "id": bundle.id,
        "signed_by": bundle.signed_by,
        "signed_at": bundle.signed_at,
        **bundle.manifest.about,
        "parts": {part: about.bytes for part, about in bundle.manifest.parts.items()},
    }
    _out(json.dumps(about, indent=2) if as_json else "\n".join(_lines(about)))
    return Exit.DONE


def _lines(value: dict[str, Any], indent: str = "") -> list[str]:
    out = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            out.append(f"{indent}{visible(str(key))}")
            out += _lines(item, indent + "  ")
        else:
            out.append(f"{indent}{visible(str(key))}: {_value(item)}")
    return out


def _value(item: object) -> str:
    if isinstance(item, list | tuple):
        text = ", ".join(str(each) for each in item)
    elif isinstance(item, float):
        text = f"{item:.4g}"
    else:
        text = str(item)
    return visible(text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} signs)")


def compared(
    config: str | None, data_dir: str | None, first: str, second: str, *, as_json: bool
) -> int:
    """Prints in what two bundles differ.

    Raises:
        ModelError: One is not there or not genuine.
    """
    from apisentinel.pipeline.registry import differences

    registry = _registry(config, data_dir)
    found = differences(_bundle(registry, first), _bundle(registry, second))
    if as_json:
        _out(json.dumps({name: list(pair) for name, pair in found.items()}, indent=2))
    else:
        for name, (one, other) in found.items():
            _out(f"{visible(name)}: {_value(one)} → {_value(other)}")
        if not found:
            messages.note("they say the same of themselves")
    return Exit.DONE


def verified(config: str | None, data_dir: str | None, name: str) -> int:
    """Proves a bundle genuine and tries it.

    Raises:
        ModelError: It is not genuine, or cannot be used.
    """
    registry = _registry(config, data_dir)
    bundle = _bundle(registry, name)
    folder = Path(name)
    registry.check(folder if folder.is_dir() else registry.place(registry.entry(name)))
    _out(f"{bundle.id} is genuine and can be used: signed by {bundle.signed_by}")
    return Exit.DONE


def added(config: str | None, data_dir: str | None, folder: str, *, activate: bool) -> int:
    """Takes a bundle in.

    Raises:
        ModelError: It is not genuine, or cannot be used.
    """
    registry = _registry(config, data_dir)
    if not Path(folder).is_dir():
        raise ModelError(f"{folder} is no folder: name one that 'apisentinel train' wrote")
    entry = registry.add(Path(folder), _user())
    if activate:
        entry = registry.activate(entry.id, _user())
    _out(f"{entry.id} {entry.state}")
    return Exit.DONE


def moved(config: str | None, data_dir: str | None, verb: str, name: str, why: str) -> int:
    """Activates, shadows, retires or removes a bundle.

    Raises:
        ModelError: It is not there, or cannot be used.
    """
    registry = _registry(config, data_dir)
    if verb == "remove":
        entry = registry.remove(name, _user())
        _out(f"{entry.id} removed")
        return Exit.DONE
    entry = getattr(registry, verb)(name, _user(), why)
    _out(f"{entry.id} {entry.state}")
    return Exit.DONE


def rolled_back(config: str | None, data_dir: str | None, why: str) -> int:
    """Goes back to what judged before.

    Raises:
        ModelError: Nothing is active.
    """
    entry = _registry(config, data_dir).rollback(_user(), why)
    _out("what comes with the product judges" if entry is None else f"{entry.id} {entry.state}")
    return Exit.DONE
