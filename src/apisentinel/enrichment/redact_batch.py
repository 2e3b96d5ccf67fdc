"""Takes the declared secrets out of a batch before anything of it is written down.

What is a secret: the values of ``Authorization``, cookies and headers that carry keys; values under
the name of a secret in query, path, referer, other headers and bodies (form, JSON also inside
strings, XML, multipart, percent-encoded); JSON Web Tokens, payment card numbers, private keys,
access keys of well-known services and passwords in URLs wherever they stand, also inside base64
when it names them.

What stands there afterwards: ``redacted`` for what could be guessed (passwords, card numbers), and
``redacted-`` with 16 hexadecimal digits that depend on the secret and the key of the installation
for what could not. Equal tokens have equal marks, so sessions and credentials are still told apart.
Of Basic credentials only the user makes the mark, never the password.

What is kept: a value that carries an attack. It is no secret of an honest user, and without it the
attack could not be shown.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import numpy.typing as npt

from apisentinel.enrichment import redact_kernel as kernel
from apisentinel.enrichment import redact_marks as marks
from apisentinel.enrichment import redact_values as forms
from apisentinel.enrichment.redact_words import AUTOMATON, HEADERS
from apisentinel.kernels.bytes import PADDING, padded
from apisentinel.kernels.hashing import DEFAULT_KEY, HashKey, hash_bytes, hash_spans
from apisentinel.records.batch import TEXT_INDEX, RequestBatch, empty_columns

SCANNED = ("headers", "path", "query", "referer", "request_body", "response_body")
"""Columns that are looked through. Addresses, agents, methods and hosts hold no declared secret."""

IDS = ("user_id", "session_id", "credential_id")
"""Columns that are replaced as a whole when ids are hashed."""

PURPOSE = 0x7265_6461_6374_6564
"""Changes the key, so that a mark is no hash that is used elsewhere."""

SAME_TEXTS = 4096
"""Encoded texts whose content is remembered: a token comes with every request of its session."""

LONGEST_ENCODED = 64 << 10
"""Bytes of base64 that are looked into."""

Place = tuple[str, bytes]
"""Where a value stands (``header``, ``cookie``, ``json``, ``form``), and the value."""

_COLUMNS = np.array([TEXT_INDEX[name] for name in SCANNED], np.int64)
_ID_COLUMNS = np.array([TEXT_INDEX[name] for name in IDS], np.int64)
_HEADER_COLUMN = TEXT_INDEX["headers"]
_BODY_COLUMNS = {TEXT_INDEX["request_body"], TEXT_INDEX["response_body"]}
Found = npt.NDArray[np.int64]


def _none_forged(_value: bytes) -> bool:
    return False


def _none_attack(values: list[Place]) -> list[bool]:
    return [False] * len(values)


class BatchRedactor:
    """Replaces secrets in batches. Thread-safe.

    Args:
        key: Key of the marks.
        hash_ids: Also replace ids of users, sessions and credentials by ``hash-`` and 16 digits.
        carry_attack: Tells for each value whether it is an attack rather than a secret.
        is_forged: Tells of a JSON web token in a header whether it is forged; asked about each.
    """

    def __init__(
        self,
        key: HashKey = DEFAULT_KEY,
        *,
        hash_ids: bool = False,
        carry_attack: Callable[[list[Place]], list[bool]] = _none_attack,
        is_forged: Callable[[bytes], bool] = _none_forged,
    ) -> None:
        self._key = HashKey(key.k0 ^ PURPOSE, key.k1)
        self._hash_ids = hash_ids
        self._carry_attack = carry_attack
        self._is_forged = is_forged

    def apply(self, batch: RequestBatch) -> int:
        """Replaces the secrets of a batch; texts that hold none are not touched.

        Returns:
            Number of changed rows.
        """
        if not len(batch):
            return 0
        batch.spans = np.ascontiguousarray(batch.spans)
        found = _find(batch)
        keep, users = self._doubtful(batch, found)
        if not keep.all():
            found = np.ascontiguousarray(found[keep])
        if self._hash_ids:
            ids = np.empty((len(batch) * len(IDS), marks.FIELDS), np.int64)
            count = kernel.find_ids(batch.buffer, batch.spans, _ID_COLUMNS, ids)
            found = np.concatenate([found, ids[:count]])
        if not len(found):
            return 0
        values = self._hashes(batch, found)
        for place, user in users.items():
            mine = (found[:, marks.ROW] == place[0]) & (found[:, marks.BEGIN] == place[1])
            values[mine] = hash_bytes(user, self._key)
        _replace(batch, found, values)
        return int(np.unique(found[:, marks.ROW]).size)

    def lines(self, texts: Sequence[bytes]) -> list[bytes]:
        """Texts of any kind without their secrets, such as log lines that could not be read."""
        ends = np.cumsum([0, *map(len, texts)])
        spans, numbers = empty_columns(len(texts))
        spans[TEXT_INDEX["request_body"], :, 0] = ends[:-1]
        spans[TEXT_INDEX["request_body"], :, 1] = ends[1:]
        batch = RequestBatch(padded(b"".join(texts)), spans, numbers)
        if not self.apply(batch):
            return list(texts)
        return [batch.text("request_body", row) or b"" for row in range(len(batch))]

    def line(self, raw: bytes) -> bytes:
        """As `lines`, for one text."""
        return self.lines([raw])[0]

    def _doubtful(
        self, batch: RequestBatch, found: Found
    ) -> tuple[npt.NDArray[np.bool_], dict[tuple[int, int], bytes]]:
        """Looks at candidates that the kernel could not decide.

        Returns:
            Which candidates stay, and by row and place the users of Basic credentials.
        """
        keep = np.ones(len(found), np.bool_)
        users: dict[tuple[int, int], bytes] = {}
        asked: list[int] = []
        places: list[Place] = []
        self._keep_forged(batch, found, keep)
        for i in np.flatnonzero(found[:, marks.CHECK] != forms.PLAIN).tolist():
            row, column, begin, end, _, _, check = found[i].tolist()
            value = batch.buffer[begin:end].tobytes()
            if check == forms.BASE64:
                keep[i] = _names_secret(value[:LONGEST_ENCODED])
                continue
            if check == forms.BASIC:
                plain = _basic(value)
                if plain is not None:
                    user, _, password = plain.partition(b":")
                    users[row, begin] = b"basic\0" + user
                    asked += (i, i)
                    places += (("form", user), ("form", password))
                    continue
            asked.append(i)
            places.append((_place(batch, column, begin), value))
        if places:
            for i, is_attack in zip(asked, self._carry_attack(places), strict=True):
                if is_attack:
                    keep[i] = False
        return keep, users

    def _keep_forged(self, batch: RequestBatch, found: Found, keep: npt.NDArray[np.bool_]) -> None:
        """Takes forged tokens off the candidates; each token of a batch is looked at once."""
        tokens = _tokens(batch, found)
        if not len(tokens):
            return
        some = np.ascontiguousarray(found[tokens])
        _, first, which = np.unique(
            self._hashes(batch, some), return_index=True, return_inverse=True
        )
        forged = [
            self._is_forged(batch.buffer[begin:end].tobytes())
            for begin, end in some[first][:, [marks.BEGIN, marks.END]].tolist()
        ]
        keep[tokens] = ~np.array(forged)[which]

    def _hashes(self, batch: RequestBatch, found: Found) -> npt.NDArray[np.uint64]:
        """Keyed hash of each candidate."""
        spans = np.ascontiguousarray(found[:, [marks.BEGIN, marks.END]].astype(np.int32))
        values = np.zeros(len(found), np.uint64)
        hash_spans(batch.buffer, spans, np.uint64(self._key.k0), np.uint64(self._key.k1), values)
        return values


def _tokens(batch: RequestBatch, found: Found) -> npt.NDArray[np.int64]:
    """The candidates that are JSON web tokens in a header: they begin with base64 of ``{"``."""
    begin = found[:, marks.BEGIN]
    return np.flatnonzero(
        (found[:, marks.COLUMN] == _HEADER_COLUMN)
        & (batch.buffer[begin] == ord("e"))
        & (batch.buffer[begin + 1] == ord("y"))
        & (batch.buffer[begin + 2] == ord("J"))
    )


def _find(batch: RequestBatch) -> Found:
    """All candidates of a batch."""
    room = 64 + 8 * len(batch)
    while True:
        out = np.empty((room, marks.FIELDS), np.int64)
        count = kernel.find_secrets(
            batch.buffer,
            batch.spans,
            _COLUMNS,
            AUTOMATON.classes,
            AUTOMATON.table,
            AUTOMATON.outputs,
            AUTOMATON.shift,
            AUTOMATON.first_output,
            forms.CLASSES,
            *HEADERS,
            np.empty(24, np.int64),
            np.empty(8, np.int64),
            out,
        )
        if count <= room:
            return np.ascontiguousarray(out[:count])
        room = int(count)


def _replace(batch: RequestBatch, found: Found, values: npt.NDArray[np.uint64]) -> None:
    """Writes the texts with candidates anew, behind the buffer as it is."""
    base = batch.buffer.size
    size = int(marks.rewritten_size(batch.spans, found))
    buffer: Any = np.empty(base + size + PADDING, np.uint8)
    buffer[:base] = batch.buffer
    buffer[base + size :] = 0
    tail = buffer[base:]
    marks.rewrite(batch.buffer, batch.spans, found, values, tail, base)
    batch.buffer = buffer


def _place(batch: RequestBatch, column: int, begin: int) -> str:
    """What kind of text a value stands in."""
    if column == _HEADER_COLUMN:
        head = batch.buffer[max(begin - 256, 0) : begin].tobytes()
        return "cookie" if b"cookie\x1f" in head.rpartition(b"\x1e")[2] else "header"
    if column in _BODY_COLUMNS and begin and batch.buffer[begin - 1] == 0x22:
        return "json"
    return "form"


def _basic(value: bytes) -> bytes | None:
    """``user:password`` of Basic credentials, None for anything else."""
    try:
        plain = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return plain if b":" in plain else None


@lru_cache(SAME_TEXTS)
def _names_secret(value: bytes) -> bool:
    """True for base64 in whose content a secret is named."""
    text = unquote_to_bytes(value).rstrip(b"=.").translate(_URL_SAFE)
    try:
        plain = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    spans, numbers = empty_columns(1)
    spans[TEXT_INDEX["request_body"], 0] = 0, len(plain)
    found = _find(RequestBatch(padded(plain), spans, numbers))
    return any(
        check != forms.BASE64 or _names_secret(plain[begin:end])
        for begin, end, check in found[:, [marks.BEGIN, marks.END, marks.CHECK]].tolist()
    )


_URL_SAFE = bytes.maketrans(b"-_", b"+/")
