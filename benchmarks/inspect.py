"""CPU of the payload detector per judged request: whole requests with headers, by family and place.

``python -m benchmarks.inspect`` writes requests with the generator's payloads into the places where
payloads travel (query, path, form, JSON, cookie, header), with the headers that browsers and API
clients send, and clean requests of the same forms beside them. Every request is distinct. Times are
CPU time of the thread. "Judged" is the time of a request that the screen marks, screen included;
"screen" is the time per request of a block, which is all that a clean request costs.

``--digest`` prints a digest of all findings instead: two versions with the same digest find the
same.
"""

import argparse
import hashlib
import json
import sys
import time
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.detectors.payload.opinion import Opinion
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.learned import payload_opinion
from apisentinel.records.batch import RequestBatch
from benchmarks.payloads import TEMPLATES, payload_text
from benchmarks.words import THINGS

PLACES = ("query", "path", "form", "json", "cookie", "header")
CLEAN = "clean"
BROWSERS = (
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/{n}.0.0.0 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        " Version/{d}.4 Safari/605.1.15"
    ),
    "Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0",
    "ShopApp/{d}.2.1 (iPhone; iOS 17.5; Scale/3.00)",
    "python-requests/2.{d}.3",
)
SENTENCES = (
    "Please leave the parcel with the neighbours at number {d}",
    "The {w} arrived today, thank you very much!",
    "Is the {w} (size {d}) still available & in stock?",
    "Zoë O'Neil, flat {n}",
    "My order #{n} has not arrived; what can I do?",
    "100% cotton, {d} pieces, <3 it",
)


class Sent(NamedTuple):
    """A generated request: its family, its place, and the request as a JSON object."""

    family: str
    place: str
    request: dict[str, object]


def _clean_text(rng: np.random.Generator) -> str:
    text = SENTENCES[rng.integers(len(SENTENCES))]
    return text.format(
        d=rng.integers(1, 30), n=rng.integers(1, 60_000), w=THINGS[rng.integers(len(THINGS))]
    )


def _headers(rng: np.random.Generator, place: str) -> list[list[str]]:
    """Headers of a browser or of a client of an API, about twelve of them."""
    agent = BROWSERS[rng.integers(len(BROWSERS))]
    word = THINGS[rng.integers(len(THINGS))]
    token = rng.bytes(24).hex()
    headers = [
        ["Host", "shop.example.com"],
        ["User-Agent", agent.format(n=rng.integers(90, 140), d=rng.integers(10, 40))],
        ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
        ["Accept-Language", f"en-GB,en;q=0.{rng.integers(5, 9)},de;q=0.4"],
        ["Accept-Encoding", "gzip, deflate, br, zstd"],
        ["Referer", f"https://shop.example.com/c/{word}?page={rng.integers(99)}&sort=price"],
        ["Cookie", f"sid={token}; consent=necessary%2Cstats; _ga=GA1.2.{rng.integers(10**9)}.17"],
        ["Sec-CH-UA", f'"Chromium";v="{rng.integers(90, 140)}", "Not_A Brand";v="24"'],
        ["Sec-Fetch-Mode", "navigate"],
        [
            "X-Request-Id",
            f"{token[:8]}-{token[8:12]}-4{token[13:16]}-a{token[17:20]}-{token[20:32]}",
        ],
        ["Cache-Control", "max-age=0"],
    ]
    if place == "form":
        headers.append(["Content-Type", "application/x-www-form-urlencoded"])
    elif place == "json":
        headers.append(["Content-Type", "application/json"])
    return headers


def sent(rng: np.random.Generator, family: str, place: str) -> Sent:
    """One request that carries a payload of the family, or clean text, in a place."""
    text = _clean_text(rng) if family == CLEAN else payload_text(rng, family)
    word, number = THINGS[rng.integers(len(THINGS))], int(rng.integers(1, 99_999))
    request: dict[str, object] = {"method": "GET", "path": f"/api/v1/{word}s/{number}"}
    headers = _headers(rng, place)
    pairs = f"lang=en&page={rng.integers(1, 40)}&name={word}+{number}"
    if place == "query":
        request["query"] = f"{pairs}&q={quote(text, safe='')}"
    elif place == "path":
        request["path"] = f"/api/v1/{word}s/{quote(text, safe='/')}"
    elif place == "form":
        request |= {"method": "POST", "request_body": f"{pairs}&q={quote(text, safe='')}"}
    elif place == "json":
        body = {
            "items": [{"id": number, "name": f"{word} {number}", "tags": ["new", "in stock"]}],
            "customer": {"name": "Ada Lovelace", "note": text, "phone": f"+44 20 7946 {number:05}"},
        }
        request |= {"method": "POST", "request_body": json.dumps(body)}
    elif place == "cookie":
        headers[6][1] += f"; last={quote(text, safe='')}"
    else:
        headers.append(["X-Search", text.replace("\r", " ").replace("\n", " ")])
    return Sent(family, place, request | {"headers": headers})


def requests_of(each: int, seed: int) -> list[Sent]:
    """`each` requests of every family in every place, and as many clean ones."""
    rng = np.random.default_rng(seed)
    return [
        sent(rng, family, place)
        for family in (*TEMPLATES, CLEAN)
        for place in PLACES
        for _ in range(each)
    ]


def batch_of(requests: list[Sent]) -> RequestBatch:
    """The requests as columns."""
    lines = "\n".join(json.dumps(item.request) for item in requests)
    parsed = parse_requests(lines.encode("utf-8", "surrogatepass"))
    if parsed.row.min() < 0:
        sys.exit("a generated request was refused by the parser")
    return parsed.batch


def digest_of(detector: PayloadDetector, batch: RequestBatch) -> str:
    """Digest of the findings of all rows."""
    found = detector.inspect(batch, np.arange(len(batch), dtype=np.int32))
    return hashlib.sha256(repr(found).encode()).hexdigest()


def measured(
    batch: RequestBatch, opinion: Opinion | None, rounds: int = 3
) -> tuple[np.ndarray, np.ndarray, float]:
    """CPU in µs of each row, whether the screen marks it, and µs of the screen per row; the
    smallest of some rounds, each with an empty memory.
    """
    spent = np.full(len(batch), np.inf)
    screened = np.inf
    for _ in range(rounds):
        detector = PayloadDetector(opinion)
        begin = time.thread_time_ns()
        fields = detector.screen_fields(batch)
        screened = min(screened, (time.thread_time_ns() - begin) / 1e3 / len(batch))
        for row, field in enumerate(fields.tolist()):
            if field:
                begin = time.thread_time_ns()
                detector.inspect_row(batch, row, field)
                spent[row] = min(spent[row], (time.thread_time_ns() - begin) / 1e3)
    marks = np.isfinite(spent)
    spent[~marks] = 0.0
    return spent + screened, marks, screened


def main() -> None:
    """Prints a table by family and one by place."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--each", type=int, default=60, help="requests of a family in each place")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rules", action="store_true", help="without the payload model")
    parser.add_argument("--digest", action="store_true", help="digest of the findings only")
    args = parser.parse_args()
    opinion = None if args.rules else payload_opinion()
    requests = requests_of(args.each, args.seed)
    batch = batch_of(requests)
    if args.digest:
        print(digest_of(PayloadDetector(opinion), batch))
        return
    spent, marks, screened = measured(batch, opinion)
    families = np.array([item.family for item in requests])
    places = np.array([item.place for item in requests])
    print(f"screen: {screened:.2f} µs a request of {len(batch.buffer) / len(batch):.0f} bytes")
    print("| requests | marked | median, µs | mean, µs | p99, µs |\n|---|---|---|---|---|")
    groups = [(name, families == name) for name in dict.fromkeys(families.tolist())]
    groups += [(f"{name}, all families", (places == name) & (families != CLEAN)) for name in PLACES]
    groups.append(("**all suspicious**", families != CLEAN))
    for name, chosen in groups:
        times = spent[chosen & marks]
        share = f"{100 * marks[chosen].mean():.0f} %"
        figures = (np.median(times), times.mean(), np.percentile(times, 99)) if times.size else ()
        print(f"| {name} | {share} | " + " | ".join(f"{figure:.0f}" for figure in figures) + " |")


if __name__ == "__main__":
    main()
