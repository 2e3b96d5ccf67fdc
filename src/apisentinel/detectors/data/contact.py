"""E-mail addresses, phone numbers and URLs."""

from apisentinel.detectors.data.candidate import Candidate, Span, compiled, digits_of, topic_pattern

FILE_SUFFIXES = frozenset(
    (
        b"png jpg jpeg gif svg webp avif ico bmp css js mjs ts map json xml html htm php pdf "
        b"zip gz tar mp4 mp3 woff woff2 ttf"
    ).split()
)
"""Last labels that are file types: ``logo@2x.png`` is no address."""

MAX_LOCAL, MAX_DOMAIN, MAX_LABEL = 64, 253, 63
"""Lengths of the parts of an address by RFC 5321 and RFC 1035."""

MAX_TOP_LABEL = 24
"""Letters of a top-level domain; the longest in use have 24."""

PHONE_DIGITS = range(7, 14)
"""Digits of a number after a word that says phone: seven in a town, thirteen in a country."""

INTERNATIONAL_DIGITS = range(8, 16)
"""Digits of a number that begins with a plus sign; 15 is the limit of E.164."""

SEPARATORS = (b" ", b"-", b".", b"/", b"(", b")")
"""What stands between the groups of a number."""

_DATE = compiled(
    r"^\(?(?:(?:19|20)\d\d[-/. ](?:0?[1-9]|1[0-2])[-/. ](?:0?[1-9]|[12]\d|3[01])(?:[^\d./-]|$)"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:19|20)?\d\d(?:[^\d./-]|$))"
)
_GAPS = bytes(byte if 48 <= byte <= 57 else 32 for byte in range(256))


def email(candidate: Candidate) -> Span | None:
    """An address with a possible local part and domain, which is not the login part of a URL."""
    value = candidate.value
    at = b"@" if b"@" in value else b"%40"
    local, _, domain = value.rpartition(at)
    local = local.rpartition(b"=")[2].lstrip(b"'._-%")
    domain = domain.strip(b".-")
    labels = domain.split(b".")
    if not (0 < len(local) <= MAX_LOCAL and len(domain) <= MAX_DOMAIN and len(labels) > 1):
        return None
    if local.endswith(b".") or b".." in local or b"%" in local:
        return None
    if any(
        not label or len(label) > MAX_LABEL or label.startswith(b"-") or label.endswith(b"-")
        for label in labels
    ):
        return None
    top = labels[-1]
    if not (2 <= len(top) <= MAX_TOP_LABEL and _is_letters(top)) or top.lower() in FILE_SUFFIXES:
        return None
    if _is_login(candidate) or (local == b"git" and candidate.after.startswith(b":")):
        return None
    end = candidate.start + value.rindex(at) + len(at) + len(domain)
    return end - len(domain) - len(at) - len(local), end


def _is_letters(label: bytes) -> bool:
    return (
        label.isalpha() or all(byte >= 0x80 for byte in label) or label.lower().startswith(b"xn--")
    )


def _is_login(candidate: Candidate) -> bool:
    """True for what stands between ``://`` and ``@``."""
    words = candidate.before.split()
    head = (
        words[-1].rpartition(b"://")
        if words and not candidate.before[-1:].isspace()
        else (b"", b"", b"")
    )
    return bool(head[1]) and not any(mark in head[2] for mark in (b"/", b"?", b"#"))


def url(candidate: Candidate) -> Span | None:
    """A URL with a host."""
    value = candidate.value.rstrip(b".,;:!?)]'")
    host = value.rpartition(b"://")[2] if b"://" not in value[:8] else value.partition(b"://")[2]
    host = host.partition(b"/")[0].partition(b"?")[0].rpartition(b"@")[2]
    before = (
        candidate.text[candidate.start - 1 : candidate.start]
        if candidate.start > candidate.floor
        else b""
    )
    if before.isalnum() or len(host) < 3 or b"." not in host.strip(b".") or host.lower() == b"www.":
        return None
    return candidate.start, candidate.start + len(value)


def phone_na(candidate: Candidate) -> Span | None:
    """A number of the North American plan in its usual groups."""
    number = candidate.digits[-10:]
    if number[:1] in b"01" or number[3:4] in b"01" or len(set(number)) == 1:
        return None
    return candidate.span if _stands_free(candidate) else None


def phone(candidate: Candidate) -> Span | None:
    """A number with a country code, in national groups, or after a word that says phone."""
    value, digits = candidate.value, candidate.digits
    if b"+" in value[:2]:
        return _international(candidate)
    if len(digits) not in PHONE_DIGITS or len(set(digits)) == 1 or not _stands_free(candidate):
        return None
    groups = value.translate(_GAPS).split()
    if len(groups) > 1 and _DATE.search(value):
        return None
    if value.count(b".") == len(groups) - 1 and len(groups) in (2, 4) and b"(" not in value:
        return None  # a decimal number, an address or a version
    if candidate.says("phone") or topic_pattern("phone_after").search(candidate.after):
        return None if len(groups) == 1 and candidate.says("identifier") else candidate.span
    national = len(groups) > 1 and _is_national(value, groups, len(digits))
    return candidate.span if national and not candidate.says("identifier") else None


def _international(candidate: Candidate) -> Span | None:
    """The longest beginning of a run after a plus sign that has the digits of a phone number."""
    found = candidate._replace(start=candidate.start + candidate.value.index(b"+"))
    while len(found.digits) > INTERNATIONAL_DIGITS[-1]:
        shorter = max(found.value.rfind(mark) for mark in SEPARATORS)
        if shorter <= 0:
            return None
        end = len(found.value[:shorter].rstrip(b" ().-/"))
        found = found._replace(end=found.start + end)
    digits = found.digits
    known = digits[:1] != b"0" and (digits[:1] != b"1" or len(digits) == 11)
    fits = len(digits) in INTERNATIONAL_DIGITS and known and _stands_free(found)
    return found.span if fits else None


def _is_national(value: bytes, groups: list[bytes], n_digits: int) -> bool:
    """True for an area code in brackets, or one that begins with a zero."""
    sizes = [len(group) for group in groups]
    separators = set(value.translate(None, b"0123456789"))
    if value[:1] == b"(":
        year = sizes[0] == 4 and groups[0][:2] in (b"19", b"20")
        return b")" in value and not year and 2 <= sizes[0] <= 5 and 8 <= n_digits <= 12
    uniform = len(separators) == 1 and 2 <= len(groups) <= 5
    postcode = len(groups) == 2 and separators == {32} and (sizes[0] > 4 or sizes[1] < 6)
    return (
        value[:1] == b"0" and uniform and not postcode and min(sizes) >= 2 and 9 <= n_digits <= 12
    )


def _stands_free(candidate: Candidate) -> bool:
    """True when nothing touches the number that makes it a part of something else."""
    text, start, end = candidate.text, candidate.start, candidate.end
    previous = text[start - 1 : start] if start > candidate.floor else b""
    if previous.isalnum() or previous in (
        b"_",
        b"/",
        b".",
        b"#",
        b"$",
        b"@",
        b"%",
        b"*",
        b"&",
        b"\\",
        b"-",
        b"+",
    ):
        return False
    continued = (
        previous in (b",", b":", b" ")
        and start - 2 >= candidate.floor
        and text[start : start + 1] != b"+"
    )
    if continued and digits_of(text[start - 2 : start - 1]):
        return False
    after = text[end : end + 2]
    if after[:1].isalnum() and after[:1] not in b"xX":
        return False
    if after[:1] in b"_@%$" and after:
        return False
    if after[:1] in (b":", b".", b",", b"/") and after[1:].isdigit():
        return False
    return not (after[:1] == b"-" and after[1:].isalnum()) or bool(
        topic_pattern("phone_after").search(candidate.after)
    )
