"""SQL that means the same, written otherwise."""

import re

TOKENS = re.compile(
    r"(?P<comment>--.*|#.*|/\*.*?\*/)|(?P<space>\s+)|(?P<number>0x[0-9a-f]+|\d+(?:\.\d+)?(?:e\d+)?)|(?P<word>[a-z_@]\w*)"
    r"|(?P<string>'[^']*'|\"[^\"]*\")|(?P<sign>[<>=!]=|<>|\|\||&&|.)",
    re.IGNORECASE | re.DOTALL,
)

TRUTHS = ("2>1", "3=3", "5<9", "7 between 1 and 9", "not 1=2", "4 in (4,5)", "8-8=0", "6<>7")
"""True everywhere; compared numbers can be said in any way."""

SPACES = ("\t", "\n", "\r", "  ", "\f", "/**/", "/*a*/", "/*\n*/", "/*=*/")
"""What parts words as a space does."""

MYSQL_SPACES = ("\x0b", "/*!*/", "-- a\n", "#a\n", "--\n")

OPENED = re.compile(r"[^'\"\s]*(['\"])")
"""A payload that first ends a string of the application."""


def tokens(text):
    """Kind and text of each token; a string that the application opened counts as one."""
    opened = OPENED.match(text)
    before = opened[1] if opened else ""
    found = [(each.lastgroup, each.group()) for each in TOKENS.finditer(before + text)]
    if found and before:
        found[0] = (found[0][0], found[0][1][1:])
    return found


def joined(pieces):
    return "".join(text for _, text in pieces)


def places(pieces, kind):
    return [number for number, (name, _) in enumerate(pieces) if name == kind]


def numerals(pieces):
    """Whole numbers of the statement: not the first, none in a string that the application ends."""
    return [
        n
        for n in places(pieces, "number")
        if n > 0 and pieces[n - 1][1] not in {"'", '"', "-", "."} and pieces[n][1].isdigit()
    ]


def mixed_case(text, dice):
    pieces = tokens(text)
    words = [n for n in places(pieces, "word") if n == 0 or pieces[n - 1][1] not in {"'", '"'}]
    if not words:
        return text
    for number in dice.sample(words, dice.randint(1, len(words))):
        pieces[number] = (
            "word",
            "".join(dice.choice((c.lower(), c.upper())) for c in pieces[number][1]),
        )
    return joined(pieces)


def _spaces(text, dice, choices):
    pieces = tokens(text)
    found = places(pieces, "space")
    if pieces and pieces[-1][0] == "space":
        found = found[:-1]  # one behind a comment sign belongs to it
    if not found:
        return text
    for number in dice.sample(found, dice.randint(1, len(found))):
        pieces[number] = ("space", dice.choice(choices))
    return joined(pieces)


def other_spaces(text, dice):
    return _spaces(text, dice, SPACES)


def mysql_spaces(text, dice):
    return _spaces(text, dice, MYSQL_SPACES)


def spaces_around_signs(text, dice):
    pieces = tokens(text)
    found = [
        n
        for n in places(pieces, "sign")
        if pieces[n][1] in "(),=" and n > 0 and (pieces[n][1] != "(" or pieces[n - 1][0] != "word")
    ]
    if not found:
        return text
    number = dice.choice(found)
    pieces[number] = ("sign", dice.choice((" ", "/**/", "\n")) + pieces[number][1])
    return joined(pieces)


def other_truth(text, dice):
    return re.sub(r"\b1=1\b", lambda _: dice.choice(TRUTHS), text, count=1)


def other_equals(text, dice):
    """``'a'='a'`` compared otherwise."""
    return re.sub(
        r"'(\w+)'='(\w+)(?='|$)",
        lambda m: f"'{m[1]}'{dice.choice((' like ', ' is ', '==', '>=', '<='))}'{m[2]}",
        text,
        count=1,
    )


def other_words(text, dice):
    """The compared word is any."""
    word = dice.choice(("q", "zed", "7", "ok", "and", "x y"))
    return re.sub(r"'(\w+)'='\1(?='|$)", f"'{word}'='{word}", text, count=1)


def other_union(text, dice):
    return re.sub(
        r"union\s+(all\s+)?select\b",
        lambda m: "union select" if m[1] else "union all select",
        text,
        flags=re.IGNORECASE,
    )


def with_a_number(text, dice, written):
    """One of the numbers as `written` writes it."""
    pieces = tokens(text)
    found = numerals(pieces)
    if not found:
        return text
    number = dice.choice(found)
    pieces[number] = ("sign", written(pieces[number][1]))
    return joined(pieces)


def brackets(text, dice):
    """Numbers in brackets."""
    return with_a_number(text, dice, lambda number: f"({number})")


def sums(text, dice):
    """Numbers as sums."""

    def written(number):
        less = dice.randint(1, 9)
        return f"({int(number) + less}-{less})"

    return with_a_number(text, dice, written)


def other_end(text, dice):
    """Another comment behind."""
    bare = re.sub(r"(--\s*-?|#)$", "", text)
    if bare == text:
        return text
    return bare + dice.choice(("-- ", "-- -", "-- a", "--\tb", "/*", "-- 1'"))


def mysql_end(text, dice):
    bare = re.sub(r"--\s*-?$", "", text)
    return text if bare == text else bare + dice.choice(("#", "#a", ";\x00", "#'"))


def mysql_unions(text, dice):
    words = ("union distinct select", "union select all", "union select distinct")
    return re.sub(
        r"union\s+(all\s+)?select\b", lambda _: dice.choice(words), text, flags=re.IGNORECASE
    )


def mysql_operators(text, dice):
    swaps = {"or": ("||",), "and": ("&&",)}
    pieces = tokens(text)
    found = [n for n in places(pieces, "word") if pieces[n][1].lower() in swaps]
    if not found:
        return text
    number = dice.choice(found)
    pieces[number] = ("sign", dice.choice(swaps[pieces[number][1].lower()]))
    return joined(pieces)


def mysql_versions(text, dice):
    """Words in comments that MySQL runs."""
    pieces = tokens(text)
    found = [
        n
        for n in places(pieces, "word")
        if pieces[n][1].lower() in {"union", "select", "from", "and", "or", "all"}
    ]
    if not found:
        return text
    number = dice.choice(found)
    word = pieces[number][1]
    pieces[number] = ("comment", f"/*!{dice.choice(('', '50000', '12345'))}{word}*/")
    return joined(pieces)


def mysql_numbers(text, dice):
    """Numbers in ways of MySQL."""

    def written(number):
        value = int(number)
        return dice.choice((f"{value}e0", hex(value), f"{value}.0", f"-(-{value})"))

    return with_a_number(text, dice, written)


def mysql_strings(text, dice):
    """Strings as hexadecimal numbers."""
    pieces = tokens(text)
    found = [n for n in places(pieces, "string") if 2 < len(pieces[n][1]) < 12 and n > 1]
    if not found:
        return text
    number = dice.choice(found)
    pieces[number] = ("number", "0x" + pieces[number][1][1:-1].encode().hex())
    return joined(pieces)


PORTABLE = (
    *(mixed_case, other_spaces, spaces_around_signs, other_truth, other_equals, other_words),
    *(other_union, brackets, sums, other_end),
)
"""Hold for SQLite, where a test runs them, and for MySQL."""

MYSQL = (
    *(mysql_spaces, mysql_end, mysql_unions, mysql_operators, mysql_versions, mysql_numbers),
    mysql_strings,
)
