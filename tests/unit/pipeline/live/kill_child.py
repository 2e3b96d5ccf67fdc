"""A service that is fed and may be killed at any moment: ``kill_child DATA_DIR ROWS BATCH PAUSE``.

It says ``ack N`` when the first N batches are on disk, and ``done`` after a clean stop.
"""

import sys
import time
from pathlib import Path

from tests.unit.pipeline.live.live_traffic import SMALL, body, requests

from apisentinel.pipeline.live.settings import DegradationSettings, RuntimeSettings
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.service_settings import ServiceSettings


def settings(data_dir: Path) -> ServiceSettings:
    return ServiceSettings(
        data_dir=data_dir,
        detection=SMALL,
        runtime=RuntimeSettings(
            checkpoint_seconds=0.05,
            checkpoint_share=1.0,
            quiet_hours=0.2,
            incident_seconds=0.2,
            # under load quiet events are sampled on purpose; here nothing may be missing
            degradation=DegradationSettings(force=0),
        ),
    )


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main() -> None:
    data_dir, count, step = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    pause = float(sys.argv[4])
    rows = requests(count, seed=11)
    service = Service(settings(data_dir))
    service.start()
    say(f"resumed {service.resumed}")
    # the sender knows only what was acknowledged; what it sends again must change nothing
    acknowledged = int((data_dir / "acks").read_text()) if (data_dir / "acks").exists() else 0
    for number in range(acknowledged, (count + step - 1) // step):
        part = rows[number * step : (number + 1) * step]
        receipt = service.door.submit_requests(body(part), source="http")
        if receipt.accepted + receipt.deduplicated != len(part):
            say(f"wrong {receipt}")
            return
        say(f"ack {number + 1}")
        time.sleep(pause)
    if service.stop(60):
        say("done")


if __name__ == "__main__":
    main()
