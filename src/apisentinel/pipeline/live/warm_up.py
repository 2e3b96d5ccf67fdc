"""Makes the first request as fast as the second: patterns are compiled and kernels loaded."""

from apisentinel.features import FeatureSettings
from apisentinel.kernels.hashing import DEFAULT_KEY
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.event_rows import RowMaker
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.settings import ScanSettings

REQUESTS = b"""\
{"ts":1700000000,"method":"GET","url":"/a?q=1'%20or%20'1'='1","client_ip":"192.0.2.1"}
{"ts":1700000001,"method":"GET","url":"/a?q=%3Cscript%3Ealert(1)","client_ip":"192.0.2.1"}
{"ts":1700000002,"method":"GET","url":"/../../etc/passwd","client_ip":"192.0.2.1"}
{"ts":1700000003,"method":"GET","url":"/a?u=http://169.254.169.254/","user_agent":"sqlmap/1.8"}
{"ts":1700000004,"method":"POST","url":"/login","request_body":"a=${jndi:ldap://x}","status":401}
"""
"""One request of each kind that takes another way through the detectors."""


def warm_up(detection: ScanSettings) -> None:
    """Judges a few made-up requests with an engine that is thrown away; takes a tenth of a
    second.
    """
    small = detection.model_copy(
        update={
            "state": FeatureSettings(
                clients=64,
                sessions=64,
                users=64,
                credentials=64,
                endpoints=64,
                pairs=64,
                networks=64,
                agents=64,
                objects=64,
                holdings=64,
                owned=64,
                replies=64,
                places=64,
            )
        }
    )
    live = LiveEngine(small, RuntimeSettings(), DEFAULT_KEY)
    batch = parse_requests(REQUESTS).batch
    for judged in live.advance(live.prepare(batch), 1):
        RowMaker(live.engine).table(judged, "warm-up")
    live.incidents.look(live.engine)
