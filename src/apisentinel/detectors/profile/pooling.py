"""From the surprise of observations to that of a request."""

import numpy as np

from apisentinel.detectors.profile.properties import CHILD, VALUE
from apisentinel.kernels.compiler import kernel

LEFT_FIRST, LEFT_SECOND = 0.5, 0.25
"""Share with which the second and third value of a request count."""
NEW_PLACE, FAR = 0.75, 2.0
"""Factor on these shares where nobody has been before, and surprise of the place from which on that
is so: a new page has new parameters, which is one thing and not several.
"""
AGAIN, MOST_AGAIN = 0.2, 8.0
"""The same of further signs of a value that are unusual, too, and most of their surprise."""
LOOKS = np.array([0.8, 0.4, 0.2, 0.1])
"""Share with which the most unusual looks of a value count: looks that agree say more than one."""


@kernel(
    "void(int64[::1], int32[::1], uint8[::1], float32[::1], float64[::1], int32[::1], int32[::1])"
)
def pool_values(first, items, kinds, surprise, out, worst, second):
    """Surprise of each request from those of its observations; `worst` and `second` are the
    observations that count most.
    """
    for r in range(first.shape[0] - 1):
        a = b = c = 0.0
        is_new_place = False
        at_a = at_b = np.int64(-1)
        i = first[r]
        while i < first[r + 1]:
            # observations of one value say much the same; those of the request are each by itself
            group = items[i]
            best = other = third = fourth = new = 0.0
            at = at_value = i
            has_value = False
            what = np.int64(-1)
            top = more = 0.0
            while True:
                # of each property the rarest counts
                u = np.float64(surprise[i])
                if kinds[i] == CHILD and u > FAR:
                    is_new_place = True
                if kinds[i] != what:
                    what = np.int64(kinds[i])
                    top = 0.0
                more += min(u, top)
                if what == VALUE:
                    new = u
                    at_value = i
                    has_value = True
                elif u > top:
                    if top > 0.0:
                        # the same property was worth less before: take that away again
                        if best == top:
                            best, other, third, fourth = other, third, fourth, 0.0
                        elif other == top:
                            other, third, fourth = third, fourth, 0.0
                        elif third == top:
                            third, fourth = fourth, 0.0
                    top = u
                    if u > best:
                        best, other, third, fourth = u, best, other, third
                        at = i
                    elif u > other:
                        other, third, fourth = u, other, third
                    elif u > third:
                        third, fourth = u, third
                    elif u > fourth:
                        fourth = u
                i += 1
                if i >= first[r + 1] or items[i] != group or group < 0:
                    break
            share = LOOKS[0] if has_value else 1.0
            total = new + share * best + LOOKS[1] * other + LOOKS[2] * third + LOOKS[3] * fourth
            total += AGAIN * min(more, MOST_AGAIN)
            if new > best:
                at = at_value
            if total > a:
                a, b, c = total, a, b
                at_a, at_b = at, at_a
            elif total > b:
                b, c = total, b
                at_b = at
            elif total > c:
                c = total
        rest = LEFT_FIRST * b + LEFT_SECOND * c
        out[r] = a + (rest * NEW_PLACE if is_new_place else rest)
        worst[r] = np.int32(at_a)
        second[r] = np.int32(at_b)
