"""Addresses of many people and habits of apps through the whole pipeline."""

import json

import pytest

from apisentinel.pipeline import ScanSettings, ScoreSession

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{}.0) Gecko/20100101 Firefox/{}.0"
APP = "ParcelDriver/5.2.0 (Android 12; Zebra TC52)"
DAY = "2026-11-02T"


def line(at: float, path: str, **more: object) -> str:
    """A request so many seconds after midnight."""
    whole = int(at)
    clock = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    fields = {
        "ts": f"{DAY}{clock}.{int(at * 1000) % 1000:03d}Z", "method": "GET", "path": path,
        "client_ip": "192.0.2.1", "status": 200, "response_bytes": 140, "duration_us": 9000,
    }  # fmt: skip
    return json.dumps(fields | more)


def answers(lines: list[str]) -> list[dict]:
    answered = ScoreSession(ScanSettings()).score("\n".join(lines).encode()).splitlines()
    return [json.loads(one) for one in answered]


def worst(lines: list[str], kind: str) -> int:
    """Highest risk of the requests that are told as this type, 0 without."""
    told = answers(lines)
    assert not any("error" in one for one in told)
    return max((one["risk"] for one in told if kind in one["attack_types"]), default=0)


@pytest.mark.parametrize(("programs", "told"), [(60, False), (1, True)])
def test_a_rush_of_many_behind_one_address_is_no_flood(programs: int, told: bool):
    quiet = [line(7 * k, "/", user_agent=AGENT.format(60 + k // 5 % programs, 60))
             for k in range(300)]  # fmt: skip
    quiet += [
        line(2200 + 10 * k, f"/e/{k % 30}", client_ip=f"198.51.{k % 40}.7",
             user_agent=AGENT.format(99, 99))
        for k in range(400)
    ]  # fmt: skip
    rush = [
        line(7000 + k / 12, "/queue/status", user_agent=AGENT.format(60 + k // 5 % programs, 60))
        for k in range(1500)
    ]
    assert (worst([*quiet, *rush], "volume") >= 40) is told


def sync(hour: int, driver: int, count: int = 150, status: int = 201) -> list[str]:
    more = {"method": "POST", "status": status, "user_agent": APP, "session_id": f"driver-{driver}",
            "client_ip": f"198.51.100.{driver + 1}"}  # fmt: skip
    return [line(3600 * hour + 0.2 * k, "/scans", **more) for k in range(count)]


def test_haste_that_becomes_a_flood_counts_once():
    assert 40 <= worst(sync(1, 0), "volume") < 60


def test_what_apps_do_hour_by_hour_is_their_habit():
    lines = [one for k in range(6) for one in sync(k + 1, k, 20)]
    told = answers(lines)
    risks = [max(one["risk"] for one in told[20 * k : 20 * k + 20]) for k in range(6)]
    assert risks[0] >= 40
    assert max(risks[3:]) < 40


@pytest.mark.parametrize(("status", "told"), [(201, True), (202, False), (204, False)])
def test_haste_where_replies_only_say_taken_needs_another_sign(status: int, told: bool):
    risks = [one["risk"] for one in answers(sync(1, 0, 40, status))]
    assert (max(risks) >= 40) is told


def test_a_job_of_each_night_is_told_once():
    def night(day: int) -> list[str]:
        lines = sync(2, 0, 150)
        return [one.replace(DAY, f"2026-11-{2 + day:02d}T") for one in lines]

    told = answers([one for day in range(3) for one in night(day)])
    risks = [max(one["risk"] for one in told[150 * k : 150 * k + 150]) for k in range(3)]
    assert risks[0] >= 40
    assert max(risks[1:]) < 40
