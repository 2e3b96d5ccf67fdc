"""Limits of the data classifier. Each bounds what one hostile response can cost."""

MAX_SCANNED = 65_536
"""Bytes of a body that are read; sources sample bodies below that."""

MAX_TEXT = 131_072
"""Bytes of the text made of a JSON body: its values with the names of their fields."""

MAX_VALUES = 4_096
"""Values of a JSON body that are read: as many as fit into 64 KiB when each is 16 bytes long."""

MAX_DEPTH = 32
"""Nesting of JSON that is followed; APIs stay below ten levels."""

SHOWN_DEPTH = 8
"""Levels of a path that are told apart; deeper values are counted at their ancestor."""

MAX_NAME = 40
"""Characters of a field name that are kept."""

MAX_CANDIDATES = 256
"""Places that one pattern may propose: each costs some microseconds of Python."""

MAX_CANDIDATES_IN_ALL = 1_024
"""Places that all patterns together may propose: ten milliseconds of a hostile body."""

MAX_COUNT = 100
"""Values that are counted for each class and place; beyond it the number says nothing new."""

MAX_PLACES = 8
"""Places of one class that are told apart, in the order of the body; the rest is ``elsewhere``."""

BEFORE = 48
"""Bytes before a candidate in which a word may say what it is: about half a line."""

AFTER = 12
"""Bytes after a candidate that are looked at, such as ``-Office``."""

NAME_CACHE = 4_096
"""Distinct field names whose meaning is remembered; far above what one API has."""
"""An attacker who makes up names only loses the benefit for himself."""

PATTERN_MEMORY = 8 << 20
"""Bytes one RE2 automaton may use before it starts afresh."""
