"""Canonical readings of a decoded value, one for each kind of interpreter that could run it."""

CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\r\x0b\x0c") + b"\x7f"
_LOWER = bytes(b + 32 if 65 <= b <= 90 else b for b in range(256))
_INVISIBLE = tuple(
    mark.encode()
    for mark in "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\ufeff\u00ad\ufffd"
)
"""Marks that change nothing on the screen but break a search for words."""
_NOTHING = (*b"$@ $* ${@} ${*} $1 $9 ${9} $() ``".split(), b"$u ")
"""What a shell reads as no characters at all."""
MAX_COMMENTS = 200
"""Comments of one value that are taken out; more is padding."""
MAX_UNSET = 8
"""Characters of a name that hides in a word; longer ones are names of templates."""
MAX_LOOKUPS = 64
"""Nested lookups that are reduced."""


def text(value: bytes) -> bytes:
    """Lower case, no control characters, each run of blanks one space."""
    value = value.translate(_LOWER, CONTROLS)
    if not value.isascii():
        value = value.replace(b"\xc2\xa0", b" ")
        for mark in _INVISIBLE:
            value = value.replace(mark, b"")
    return b" ".join(value.split())


def _latin_blanks(value: bytes) -> bytes:
    """Blanks of Latin-1, which databases skip, as spaces; bytes of UTF-8 stay."""
    head, *rest = value.split(b"\xa0")
    out = [head]
    for part in rest:
        out.append(b" " if out[-1][-1:].isascii() else b"\xa0")
        out.append(part)
    return b"".join(out)


def sql(value: bytes) -> bytes:
    """`text` without comments, as a database reads it; what MySQL runs inside ``/*! */`` stays.

    Example:
        >>> sql(b"1/**/union/*!50000select*/2")
        b'1 union select 2'
    """
    if b"/*" not in value:
        return value
    head, *rest = value.split(b"/*", MAX_COMMENTS)
    out = [head]
    for part in rest:
        inside, closed, after = part.partition(b"*/")
        if part[:1] == b"!" or part[:2] == b"m!":
            out.append(b" " + inside.lstrip(b"m!").lstrip(b"0123456789") + b" " + after)
        elif closed:
            out.append(b" " + after)
        else:
            out.append(b"/*" + inside)
    return b" ".join(b"".join(out).split())


def sql_lines(value: bytes) -> bytes:
    r"""A value without the comments that run to the end of a line; line ends are still there.

    Example:
        >>> sql_lines(b"1 union#a\nselect-- b\n2")
        b'1 union\nselect\n2'
    """
    out = []
    for line in value.split(b"\n", MAX_COMMENTS):
        ends = [at for at in (line.find(b"#"), line.find(b"--")) if at >= 0]
        out.append(line[: min(ends)] if ends else line)
    return b"\n".join(out)


def _without_unset(value: bytes) -> bytes:
    """A value without ``${z}`` inside words: nobody sets such names, and a shell reads nothing."""
    head, *rest = value.split(b"${", MAX_COMMENTS)
    out = [head]
    for part in rest:
        name, closed, after = part.partition(b"}")
        is_inside = out[-1][-1:].isalpha() and after[:1].isalpha()
        if closed and is_inside and len(name) <= MAX_UNSET and name.isalnum():
            out.append(after)
        else:
            out.append(b"${" + part)
    return b"".join(out)


def shell(value: bytes) -> bytes:
    r"""`text` as a shell reads it: quotes and escapes inside words gone, ``$IFS`` a blank.

    Example:
        >>> shell(b"c'a't${ifs}/et\\\\c/passwd")
        b'cat /etc/passwd'
        >>> shell(b"w$9ge${z}t")
        b'wget'
    """
    if b"$" in value:
        for blank in (b"${ifs}$9", b"$ifs$9", b"${ifs%??}", b"${ifs}", b"$ifs"):
            value = value.replace(blank, b" ")
        for nothing in _NOTHING:
            value = value.replace(nothing, b"")
        value = _without_unset(value)
        value = (
            value.replace(b"${path:0:1}", b"/")
            .replace(b"${home:0:1}", b"/")
            .replace(b"${pwd:0:1}", b"/")
            .replace(b"${path%%u*}", b"/")
        )
    value = value.translate(None, b"'\"\\^")
    if b"{" in value and b"," in value:
        value = value.replace(b"{", b" ").replace(b",", b" ").replace(b"}", b" ")
    return b" ".join(value.split())


def path(value: bytes) -> bytes:
    r"""`text` as a file system reads it: one kind of slash, none doubled, no ``./``, no ``..;``.

    Example:
        >>> path(b"..\\\\..//./etc/passwd")
        b'../../etc/passwd'
    """
    value = (
        value.replace(b"\\", b"/")
        .replace(b"..;/", b"../")
        .replace(b"0x2e", b".")
        .replace(b"0x2f", b"/")
        .replace(b"0x5c", b"/")
    )
    for _ in range(3):
        value = value.replace(b"//", b"/").replace(b"/./", b"/")
    return value


def lookups(value: bytes) -> bytes:
    """`text` with nested lookups of Log4j reduced to the letters that they stand for.

    Example:
        >>> lookups(b"${${lower:j}n${::-d}i:ldap://h}")
        b'${jndi:ldap://h}'
    """
    if b"${" not in value:
        return value
    for _ in range(MAX_LOOKUPS):
        end = value.find(b"}", value.find(b"${") + 2)
        begin = value.rfind(b"${", 0, end) if end > 0 else -1
        if begin < 0:
            break
        body = value[begin + 2 : end]
        if body.startswith(b"jndi"):
            break
        _, dash, default = body.rpartition(b":-")
        if not dash:
            default = body.rpartition(b":")[2].strip(b"'\" ")
        value = value[:begin] + default + value[end + 1 :]
    return value
