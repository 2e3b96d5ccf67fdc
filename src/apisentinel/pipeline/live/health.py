"""Whether each part of the service is well, and what it says."""

from typing import TYPE_CHECKING, Any

from apisentinel.pipeline.live.degradation import MEANING
from apisentinel.storage.disk import DiskState

if TYPE_CHECKING:
    from apisentinel.pipeline.service import Service

Check = dict[str, Any]

STALE_CHECKPOINTS = 10
"""Pauses between checkpoints after which a missing one is a fault."""

STALE_ROUNDS = 3
"""Pauses between rounds of the canary after which a missing one is a fault."""


def checks(service: "Service") -> dict[str, Check]:
    """Name → ``{"ok": bool, "detail": str}``, journal first."""
    return {
        "journal": _journal(service),
        "disk": _disk(service),
        "judge": _judge(service),
        "lag": _lag(service),
        "alerts": _thread(service.recorder.is_alive, service.recorder.problem, "alerts are stored"),
        "events": _events(service),
        "checkpoint": _checkpoint(service),
        "sources": _sources(service),
        "silence": _silence(service),
        "books": _books(service),
        "canary": _canary(service),
        "load": _load(service),
    }


def _check(ok: bool, detail: str) -> Check:  # noqa: FBT001 (the stores give pairs)
    return {"ok": ok, "detail": detail}


def _thread(alive: bool, problem: str, well: str) -> Check:  # noqa: FBT001 (a fact, no option)
    if not alive:
        return _check(False, "its thread has ended")
    return _check(not problem, problem or well)


def _journal(service: "Service") -> Check:
    ok, detail = service.journal.health()
    damage = service.journal.damage
    if damage:
        rows = sum(each.rows for each in damage)
        detail += f"; {len(damage)} damaged files, at least {rows:,} requests cannot be read"
    return _check(ok, detail)


def _disk(service: "Service") -> Check:
    guard = service.journal.disk
    state, use = guard.state(), guard.use
    detail = f"{use.used_percent:.1f} % used, {use.free >> 20:,} MiB free"
    return _check(state is not DiskState.FULL, detail)


def _sources(service: "Service") -> Check:
    """A source with a problem tries again by itself; one whose thread has ended does not."""
    states = service.sources.states()
    problems = [f"{state.name}: {state.problem}" for state in states if state.problem]
    well = f"{len(states)} read" if states else "none configured"
    return _check(all(state.running for state in states), "; ".join(problems[:3]) or well)


def _judge(service: "Service") -> Check:
    runtime = service.runtime
    if runtime.failure is not None:
        return _check(False, f"has ended: {type(runtime.failure).__name__}")
    if not runtime.is_alive:
        return _check(False, "does not run")
    return _check(True, f"{runtime.live.seq:,} requests judged; {service.resumed}")


def _lag(service: "Service") -> Check:
    lag = service.lag_seconds()
    limit = service.settings.runtime.ready_lag_s
    return _check(lag < limit, f"{lag:.1f} s behind, {limit:g} s allowed")


def _events(service: "Service") -> Check:
    writer = service.event_writer
    ok, detail = service.events.health()
    if not ok:
        return _check(ok, detail)
    well = f"{writer.written:,} rows stored, {writer.left_out:,} left out under load"
    return _thread(writer.is_alive, writer.problem, well)


def _checkpoint(service: "Service") -> Check:
    saver = service.checkpointer
    if saver.problem:
        return _check(False, saver.problem)
    age = (service.clock.now() - saver.saved_at) / 1e6
    pause = max(service.settings.runtime.checkpoint_seconds, saver.pause)
    is_behind = saver.offset < service.runtime.live.offset and age > STALE_CHECKPOINTS * pause
    return _check(not is_behind, f"at batch {saver.offset:,}, {age:,.0f} s ago")


def _books(service: "Service") -> Check:
    missing = service.counters.conservation()
    return _check(missing == 0, f"{missing:,} received requests without an outcome")


def _silence(service: "Service") -> Check:
    """Silence is told and no fault of the service: it could not be made ready by waiting."""
    silent = service.ticker.silent_sources()
    return _check(True, f"silent: {', '.join(silent)}" if silent else "none is silent")


def _canary(service: "Service") -> Check:
    """Whether attacks on ourselves are found."""
    canary = service.canary
    if not canary.is_on:
        return _check(True, "off")
    if canary.problem:
        return _check(False, f"cannot attack: {canary.problem}")
    last = canary.last
    if last is None:
        return _check(True, "its first round is under way")
    age = (service.clock.now() - last.at) / 1e6
    if age > STALE_ROUNDS * canary.minutes * 60:
        return _check(False, f"no round for {age:,.0f} s")
    if last.missed:
        return _check(False, f"not found: {', '.join(last.missed)}")
    return _check(True, f"{len(last.seconds)} kinds of attack found {age:,.0f} s ago")


def _load(service: "Service") -> Check:
    level = service.degradation.level
    return _check(True, f"level {int(level)}: {MEANING[level]}")
