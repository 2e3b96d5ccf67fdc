"""How an actor reads: the pace of its pages, how a browser shows them, and whether pages' own calls
keep their beat.
"""

import numpy as np

from apisentinel.features.actor_record import N_ASSETS, N_REFERRED, N_REQUESTS
from apisentinel.kernels.compiler import inline
from apisentinel.records.flags import PATH_API, PATH_ASSET
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind

FEWEST_GAPS, USUAL_SPREAD, PAUSE_S = 8, np.float32(0.9), np.float32(60.0)
"""Automation: gaps between opened pages that are needed, the spread of people's gaps (× mean), and
the pause that people make now and then.
"""

LOAD_US, LATE_US = 60_000_000, 2_000_000
"""Assets count for the page opened less than the first before; later than the second is late."""
LATE_LLR, AGAIN_LLR, UNEVEN_LLR = np.float32(4.0), np.float32(4.0), np.float32(1.5)
"""What late assets (share), pages opened again (share) and uneven beats (× mean) say."""
USUAL_UNEVEN = np.float32(0.35)

BROWSER_CODE = AGENT_KINDS.index(AgentKind.BROWSER)


@inline
def gap_cv(r):
    """Coefficient of variation of the gaps between pages; 9 while there are too few."""
    if r.gaps < FEWEST_GAPS or r.gap_mean <= 0:
        return np.float32(9.0)
    variance = max(np.float32(0.0), r.gap_square - r.gap_mean * r.gap_mean)
    return np.sqrt(variance) / r.gap_mean


@inline
def _rendering(r, e, page):
    """How a browser shows what it opened: a person's loads style and pictures at once, a driven one
    lags, opens the same page again, and its pages' own calls lose their beat.
    """
    if e.path_flags & PATH_ASSET:
        if r.page_at > 0 and e.ts - r.page_at < LOAD_US:
            r.loads += np.uint16(r.loads < 60_000)
            r.late += np.uint16(r.loads < 60_000 and e.ts - r.page_at >= LATE_US)
            r.rendered = 1
        return
    if not page:
        return
    if e.path == r.page_path and r.last_page > 0:
        gap = np.float32(min(e.ts - r.last, 30_000_000)) * np.float32(1e-6)
        r.beats += np.uint16(r.beats < 60_000)
        weight = max(np.float32(0.02), np.float32(1.0) / np.float32(r.beats))
        r.beat += weight * (gap - r.beat)
        r.beat_square += weight * (gap * gap - r.beat_square)
    if e.method == 1:
        r.opened += np.uint16(r.opened < 60_000)
        r.again += np.uint16(r.rendered and e.path == r.shown_path and r.again < 60_000)
        r.shown_path = e.path
        r.page_at = e.ts
        r.rendered = 0


@inline
def automation(r, e, page):
    """Timer-like reading, a browser that loads no assets or loads them late, comes from nowhere:
    weak evidence, never an alert alone.

    Only what is opened counts: a page that calls its server by itself, or asks for the same again,
    says nothing about who reads it. People leave a page alone now and then; programs seldom do.
    """
    opened = page and e.method == 1 and e.path != r.shown_path
    _rendering(r, e, page)
    if page:
        r.page_path = e.path
    if opened:
        if r.last_page > 0:
            gap = np.float32(min(e.ts - r.last_page, 600_000_000)) * np.float32(1e-6)
            weight = np.float32(0.1) if r.gaps >= 10 else np.float32(1.0) / np.float32(r.gaps + 1)
            r.gap_mean += weight * (gap - r.gap_mean)
            r.gap_square += weight * (gap * gap - r.gap_square)
            r.longest_gap = max(r.longest_gap * np.float32(0.98), gap)
            r.gaps += 1
        r.last_page = e.ts
    level = np.float32(0.0)
    if r.loads >= 3:
        late = np.float32(r.late) / (np.float32(r.loads) + np.float32(6.0))
        again = np.float32(r.again) / (np.float32(r.opened) + np.float32(6.0))
        level += LATE_LLR * late + AGAIN_LLR * min(again, np.float32(0.3))
        if r.beats >= 20:
            uneven = r.beat_square - r.beat * r.beat
            level += UNEVEN_LLR * max(
                np.float32(0.0),
                min(
                    np.sqrt(max(uneven, np.float32(0.0))) / max(r.beat, np.float32(0.1)),
                    np.float32(1.5),
                )
                - USUAL_UNEVEN,
            )
    pace = np.float32(0.0)
    if r.gaps >= FEWEST_GAPS:
        cv = gap_cv(r)
        if cv < USUAL_SPREAD:
            pace += np.float32(2.0) * (USUAL_SPREAD - cv)
        pace += np.float32(1.4) * (np.float32(1.0) - min(np.float32(1.0), r.longest_gap / PAUSE_S))
        if r.loads >= 3:
            # who shows pages as browsers do is judged by how, less by when
            pace *= np.float32(0.1)
        pages = r.counts[2, N_REQUESTS] - r.counts[2, N_ASSETS]
        if e.agent_kind == BROWSER_CODE and pages >= 12 and not e.path_flags & PATH_API:
            pace += np.float32(1.2) * (
                1 - min(np.float32(1.0), r.counts[2, N_ASSETS] / (np.float32(0.5) * pages))
            )
            pace += np.float32(0.7) * (
                1 - min(np.float32(1.0), r.counts[2, N_REFERRED] / (np.float32(0.5) * pages))
            )
    r.llr[6] = level + pace
