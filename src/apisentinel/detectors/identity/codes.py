"""Codes that are guessed, accounts that are looked for, prompts that are sent until somebody gives
in, and refresh tokens that two hold.
"""

CODE_STEPS = ((2.5, 1.25), (3.5, 0.9), (7.0, 0.6), (16.0, 0.45))
"""Different refused codes of ten minutes, an hour, a day and a week that people need, and nats for
each further one.
"""
MISSED_FREE, MISSED_STEP = 1.6, 1.5
"""Different accounts that are not there, or are there already, which one person asks for in a day,
and nats for each further one.
"""
ASKED_FREE, ASKED_STEP = 6.0, 0.8
"""The same for accounts asked for whatever the answer: sites that answer always alike."""
UNNAMED_FREE, UNNAMED_STEP = 4.5, 1.0
"""The same for refusals where the log does not tell which account was asked for: most people ask
for their own one again.
"""
MADE_SHARE = 0.5
"""Share of refused registrations below which accounts are made (OAT-019) rather than looked for."""
PROMPTS_FREE, PROMPTS_STEP = 1.2, 1.35
"""Prompts for one account within ten minutes that an impatient person sends, and nats for each
further one: an alert at the fifth (ATT&CK T1621).
"""
STEPS_FREE, STEPS_STEP = (12.0, 20.0), (0.3, 0.2)
"""The same step for one account within ten minutes and an hour that impatient people and apps that
try again take, and nats for each further one.
"""
STEPS_MOST = 7.0
SCRIPT_LLR = 0.2
"""What a flood says of a script besides: a second name for one phenomenon, hardly any more risk."""
ACCEPTED_FEW = 6.0
"""Accepted repetitions of one step for one account within an hour from which on it is its flow that
is abused.
"""
FEW_CODES = 8
"""Different codes for one account from which on the flood is one of guesses."""
MOST_LLR = 9.0
HOLDERS = 3
"""Programs in other networks that come with one refresh token from which on it is none: a body that
says only what is wanted, with the token in a cookie.
"""
REPLAYED_ELSEWHERE, REFUSED_ELSEWHERE = 6.5, 5.4
"""A refresh token that worked comes again with another program from another network: accepted, and
refused. Rotation (RFC 9700, section 4.14.2) makes either a copy in two hands.
"""


def prober_strength(missed: float, asked: float) -> float:
    """Nats for accounts asked for by one source within a day."""
    return min(
        max(MISSED_STEP * (missed - MISSED_FREE), ASKED_STEP * (asked - ASKED_FREE)), MOST_LLR
    )


def unnamed_strength(missed: float) -> float:
    """Nats for refusals of one source within a day where nobody knows the accounts.

    Example:
        >>> unnamed_strength(4.0), unnamed_strength(10.0)
        (0.0, 5.5)
    """
    return min(max(UNNAMED_STEP * (missed - UNNAMED_FREE), 0.0), MOST_LLR)


def code_strength(counts: list[float]) -> float:
    """Nats for refused codes by window."""
    return min(
        max(step * (n - free) for n, (free, step) in zip(counts, CODE_STEPS, strict=True)),
        MOST_LLR,
    )


def step_strength(counts: list[float]) -> float:
    """Nats for one step of one account by window."""
    found = [
        step * (n - free) for n, free, step in zip(counts, STEPS_FREE, STEPS_STEP, strict=False)
    ]
    return min(max(found), STEPS_MOST)


def prompt_strength(prompts: float) -> float:
    """Nats for prompts within ten minutes."""
    return min(PROMPTS_STEP * (prompts - PROMPTS_FREE), MOST_LLR)
