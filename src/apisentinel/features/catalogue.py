"""The features of a tick: what the ensemble is told about an entity, each with its unit, window and
source.

A tick is a snapshot of one client, session, user or credential at one of its requests. Values are
float32; NaN stands for "not known", never for zero. Counts are shown to people as counts although
the models see their logarithm; `shown` turns one into the other.
"""

import hashlib

from apisentinel.records.feature import Feature

_F = Feature

PACE = (
    _F("requests_1m", "requests a minute", "", "1 min", "all requests", "log1p"),
    _F("requests_10m", "requests in ten minutes", "", "10 min", "all requests", "log1p"),
    _F("burst", "pace of the last minute against the last ten", "×", "10 min", "requests", "log2"),
    _F("gap", "usual pause between requests", "s", "16 events", "pages and API calls", "log2"),
    _F("gap_spread", "spread of the pauses", "octaves", "16 events", "log of the pauses"),
    _F("gap_steady", "pauses like the one before", "", "16 events", "share within 10 %"),
    _F("gap_rhythm", "how one pause foretells the next", "", "16 events", "lag-1 correlation"),
    _F(
        "gap_fast",
        "share of pauses shorter than a person needs",
        "",
        "16 events",
        "share below 0.3 s",
    ),
    _F("gap_longest", "longest pause", "s", "life", "pages and API calls", "log2"),
    _F("age", "time since the first request", "s", "life", "first and last request", "log1p"),
    _F("requests", "requests so far", "", "life", "all requests", "log1p"),
)
ORDER = (
    _F("asset_share", "share of page assets", "", "10 min", "path of the requests"),
    _F("api_share", "share of API calls", "", "10 min", "path of the requests"),
    _F("fresh_share", "share of pages not asked for before", "", "10 min", "Bloom filter of paths"),
    _F("fresh_10m", "different pages in ten minutes", "", "10 min", "Bloom filter", "log1p"),
    _F("endpoint_fresh_share", "share of endpoints not used before", "", "10 min", "sketch"),
    _F("endpoints", "different endpoints", "", "life", "HyperLogLog of endpoints", "log1p"),
    _F("endpoint_entropy", "variety of endpoints", "bits", "life", "histogram of endpoints"),
    _F("sequence_entropy", "variety of steps from endpoint to endpoint", "bits", "life",
       "histogram of transitions, less that of endpoints"),
    _F("repeat_share", "share of requests for the same again", "", "10 min", "path of the last"),
    _F("step_bits", "surprise of the steps", "bits", "16 events",
       "3-gram model of the endpoints of sessions"),
    _F("step_bits_high", "surprise of the oddest steps", "bits", "16 events", "3-gram model"),
    _F("rarity", "rarity of the endpoints", "bits", "16 events", "requests of all to an endpoint"),
    _F("write_share", "share of requests that change something", "", "10 min", "method"),
    _F("referer_share", "share of pages reached by a link", "", "10 min", "Referer header"),
    _F("objects", "different objects", "", "life", "HyperLogLog of object ids", "log1p"),
    _F("object_share", "different objects per request", "", "life", "sketch and count"),
    _F("walk_share", "steps that walk through ids in order", "", "16 events", "differences of ids"),
    _F("walk_jump", "size of the steps between ids", "", "16 events", "differences of ids", "log2"),
)  # fmt: skip
REPLIES = (
    _F("success_rate", "share of successful replies", "", "10 min", "status below 400"),
    _F("denied_share", "share of replies 401 and 403", "", "10 min", "status"),
    _F("missed_share", "share of replies 404 and 410", "", "10 min", "status", higher=True),
    _F("invalid_share", "share of other replies 4xx", "", "10 min", "status", higher=True),
    _F("error_share", "share of replies 5xx", "", "10 min", "status"),
    _F("limited_share", "share of replies 429", "", "10 min", "status", higher=True),
    _F("redirect_share", "share of redirects", "", "10 min", "status"),
    _F("status_bits", "surprise of the replies", "bits", "16 events", "status per endpoint"),
    _F("size_z", "size of the replies", "sd", "16 events", "log of the size against its endpoint"),
    _F("size_spread", "spread of the size of replies", "octaves", "16 events", "log of the size"),
    _F("time_z", "response time against the endpoint's", "sd", "16 events", "log of the duration"),
    _F("response_time", "response time", "µs", "16 events", "duration", "log2"),
    _F("bytes_10m", "bytes sent in ten minutes", "B", "10 min", "response size", "log1p"),
    _F("cost_10m", "server time in ten minutes", "µs", "10 min", "duration", "log1p"),
)
CONTENT = (
    _F("login_10m", "login attempts", "", "10 min", "login endpoints", "log1p"),
    _F("login_failed_share", "share of failed logins", "", "10 min", "login outcomes", higher=True),
    _F("accounts", "accounts tried", "", "life", "HyperLogLog of accounts", "log1p", higher=True),
    _F("marked_share", "share of requests with conspicuous content", "", "10 min",
       "screen of the payload detector", higher=True),
    _F("parameter_anomaly", "unusual length of parameters and bodies", "sd", "16 events",
       "log of the length against its endpoint"),
    _F("sensitive_share", "share of changes to how an account is reached", "", "1 h", "bodies"),
    _F("user_share", "share of requests with a user", "", "10 min", "user id"),
)  # fmt: skip
WHO = (
    _F("agents", "different programs", "", "life", "HyperLogLog of user agents", "log1p"),
    _F("is_program", "not a browser or an app", "", "now", "kind of the user agent"),
    _F("agent_odd", "user agent that contradicts itself or is driven", "", "now", "agent flags"),
    _F("hour_bits", "rarity of this time of day", "bits", "1 h", "requests of all by hour"),
    _F("active_hours", "hours of the day with requests", "h", "life", "24 bits"),
)

PEERS = (
    "requests_1m", "requests_10m", "fresh_10m", "endpoints", "objects", "bytes_10m", "cost_10m",
    "endpoint_entropy", "sequence_entropy", "step_bits", "rarity", "missed_share", "denied_share",
    "invalid_share", "size_spread", "active_hours",
)  # fmt: skip
"""Features that are also compared with those of the peers: entities of the same kind, people with
people and programs with programs. Each entity has one voice in ten minutes.
"""

_OWN = {item.name: item for group in (PACE, ORDER, REPLIES, CONTENT, WHO) for item in group}

AGAINST = tuple(
    _F(f"{name}_peers", f"{_OWN[name].words}: rarity among peers", "decades", "10 min",
       "histogram of the values of its peers")
    for name in PEERS
)  # fmt: skip

SITE = (
    "requests_1m", "requests_10m", "burst", "gap", "gap_spread", "gap_steady", "gap_rhythm",
    "gap_fast", "gap_longest", "asset_share", "api_share", "fresh_share", "fresh_10m",
    "endpoint_fresh_share", "endpoints", "endpoint_entropy", "sequence_entropy", "repeat_share",
    "step_bits", "step_bits_high", "rarity", "write_share", "referer_share", "objects",
    "object_share", "walk_share", "walk_jump", "size_z", "size_spread", "time_z",
    "parameter_anomaly", "user_share", "agents",
)  # fmt: skip
"""Features that are also counted in spreads from the median of the site: of entities of the same
kind, people apart from programs.
"""

SITE_SUFFIX = "_site"
"""End of the names of the features that are counted against the site."""

AGAINST_SITE = tuple(
    _F(f"{name}{SITE_SUFFIX}", f"{_OWN[name].words}: against this site", "sd", "10 min",
       "quantiles of the values of its kind on this site")
    for name in SITE
)  # fmt: skip

CLUSTERS = (
    _F("cluster_distance", "distance to the nearest group of entities that behave alike", "reaches",
       "now", "all others; groups of training, by DBSCAN", higher=True),
)  # fmt: skip
"""Filled in by the ensemble, since its groups belong to a bundle; missing without one."""

FEATURES: tuple[Feature, ...] = (*_OWN.values(), *AGAINST, *AGAINST_SITE, *CLUSTERS)
"""All features in the order of the columns of a tick."""

NAMES = tuple(item.name for item in FEATURES)
INDEX = {name: place for place, name in enumerate(NAMES)}

EIGHT = (
    "requests_10m", "response_time", "endpoints", "success_rate", "hour_bits", "parameter_anomaly",
    "sequence_entropy", "cluster_distance",
)  # fmt: skip
"""The eight features that the field names most: frequency in ten minutes, response time, diversity
of endpoints, success rate, time of day, anomaly of parameters, entropy of the sequence, distance to
the nearest cluster of behaviour.
"""

SCHEMA = 2
"""Raised whenever the meaning of a feature changes without its name."""


def feature(name: str) -> Feature:
    """The feature of a name.

    Raises:
        KeyError: There is none.
    """
    return FEATURES[INDEX[name]]


def schema_hash() -> str:
    """Digest of the names, their order and the version of their meaning."""
    words = f"{SCHEMA}|{'|'.join(NAMES)}"
    return hashlib.sha256(words.encode()).hexdigest()[:16]


__all__ = [
    "EIGHT", "FEATURES", "INDEX", "NAMES", "PEERS", "SITE", "Feature", "feature", "schema_hash",
]  # fmt: skip
