"""How one request looks against what its endpoint and the site have shown before it."""

import numpy as np

from apisentinel.features.events import EVENT
from apisentinel.features.tick_record import (
    M_HOUR_BITS,
    M_RARITY,
    M_SIZE_Z,
    M_STATUS_BITS,
    M_TEXT_Z,
    M_TIME_Z,
    MEASURES,
    PLACE,
)
from apisentinel.kernels.compiler import inline, kernel

HOUR_US = 3_600_000_000
SLOWEST = 1.0 / 512.0
"""Least weight of a new value in the moving averages of an endpoint."""
FEWEST = np.float32(8.0)
"""Values an endpoint must have before a value can look odd against them."""
MOST_BITS = np.float32(12.0)


@inline
def ease(mean, value, weight):
    """A moving average after one more value."""
    return mean + np.float32(weight) * (value - mean)


@inline
def _z(mean, var, known, value):
    """Standard deviations between a logarithm and the usual one of an endpoint, within ±8."""
    if known < FEWEST:
        return np.float32(0.0)
    z = (value - mean) / (np.sqrt(max(var, np.float32(0.0))) + np.float32(0.3))
    return min(max(z, np.float32(-8.0)), np.float32(8.0))


@inline
def _size_measures(p, e, out):
    value = np.float32(np.log2(np.float64(e.response_bytes) + 1.0))
    out[M_SIZE_Z] = _z(p.size_mean, p.size_var, p.sized, value)
    p.sized += np.float32(1.0)
    weight = max(1.0 / np.float64(p.sized), SLOWEST)
    off = value - p.size_mean
    p.size_mean = ease(p.size_mean, value, weight)
    p.size_var = ease(p.size_var, off * off, weight)


@inline
def _time_measures(p, e, out):
    value = np.float32(np.log2(np.float64(e.duration_us) + 1.0))
    out[M_TIME_Z] = _z(p.time_mean, p.time_var, p.timed, value)
    p.timed += np.float32(1.0)
    weight = max(1.0 / np.float64(p.timed), SLOWEST)
    off = value - p.time_mean
    p.time_mean = ease(p.time_mean, value, weight)
    p.time_var = ease(p.time_var, off * off, weight)


@kernel(
    "void(EVENT[::1], int32[:,::1], int32[:,::1], int32[::1], PLACE[::1], float32[::1],"
    " float32[:,::1])",
    EVENT=EVENT,
    PLACE=PLACE,
)
def measure_events(events, queries, bodies, rows, places, hours, out):
    """How each request looks against what its endpoint and the site have shown before it.

    Args:
        events: `EVENT` ``(n,)`` after the endpoint kernel.
        queries, bodies: int32 ``(n, 2)``, spans of the query and the request body.
        rows: int32 ``(n,)``, row of each event's endpoint, -1 without one.
        places: `PLACE` ``(endpoints,)``, beside the records of the endpoints.
        hours: float32 ``(25,)``, requests by hour of the day and their sum.
        out: float32 ``(n, MEASURES)``.

    Cost: about 60 ns an event, 60 bytes an endpoint.
    """
    for i in range(events.shape[0]):
        e = events[i]
        o = out[i]
        for k in range(MEASURES):
            o[k] = 0.0
        hour = (e.ts // HOUR_US) % 24
        hours[hour] += np.float32(1.0)
        hours[24] += np.float32(1.0)
        if hours[24] > np.float32(1e6):
            for k in range(25):
                hours[k] *= np.float32(0.5)
        share = (np.float64(hours[hour]) + 2.0) / (np.float64(hours[24]) + 48.0)
        o[M_HOUR_BITS] = min(np.float32(-np.log2(share)), MOST_BITS)
        row = rows[i]
        if row < 0:
            continue
        p = places[row]
        if p.key != e.endpoint:
            p.key = e.endpoint
            p.n = 0.0
            p.sized = 0.0
            p.size_mean = 0.0
            p.size_var = 0.0
            p.timed = 0.0
            p.time_mean = 0.0
            p.time_var = 0.0
            p.text_mean = 0.0
            p.text_var = 0.0
            for k in range(6):
                p.classes[k] = 0.0
        known = p.n
        p.n += np.float32(1.0)
        weight = max(1.0 / np.float64(p.n), SLOWEST)
        o[M_RARITY] = min(
            np.float32(-np.log2((np.float64(known) + 1.0) / (np.float64(hours[24]) + 1.0))),
            MOST_BITS,
        )
        if e.response_bytes >= 0 and 200 <= e.status < 300:
            _size_measures(p, e, o)
        if e.duration_us >= 0:
            _time_measures(p, e, o)
        text = max(queries[i, 1] - queries[i, 0], 0) + max(bodies[i, 1] - bodies[i, 0], 0)
        value = np.float32(np.log2(np.float64(text) + 1.0))
        o[M_TEXT_Z] = abs(_z(p.text_mean, p.text_var, known, value))
        off = value - p.text_mean
        p.text_mean = ease(p.text_mean, value, weight)
        p.text_var = ease(p.text_var, off * off, weight)
        if e.status > 0:
            kind = min(max(e.status // 100, 0), 5)
            bits = -np.log2(
                (np.float64(p.classes[kind]) + 0.5) / (np.float64(known) + 3.0)
            ) + np.log2(min(np.float64(known) + 1.0, 8.0) / 8.0)
            o[M_STATUS_BITS] = min(max(np.float32(bits), np.float32(0.0)), MOST_BITS)
            p.classes[kind] += np.float32(1.0)
            if p.classes[kind] > np.float32(4096.0):
                for k in range(6):
                    p.classes[k] *= np.float32(0.5)
                p.n *= np.float32(0.5)
