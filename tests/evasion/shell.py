"""Commands of a shell that do the same, written otherwise."""

import re

READERS = ("cat", "tac", "nl", "head", "tail", "more", "sort", "rev", "od -c", "base64", "grep .")
WORD = re.compile(r"\b(?:cat|tac|head|tail|nl|more|sort|rev|id|whoami|uname|curl|wget|ping|ls)\b")
FILES = re.compile(r"/etc/passwd")
SEPARATORS = (";", "|", "&&", "||", "\n", "&", "; ")


def other_reader(text, dice):
    return re.sub(r"\bcat\b", lambda _: dice.choice(READERS), text, count=1)


def other_separator(text, dice):
    return re.sub(
        r"^([\w.]*\s*)(?:;|\|\||\||&&|&|\n)\s*", lambda m: m[1] + dice.choice(SEPARATORS), text
    )


def quotes_inside(text, dice):
    """Signs in a word that the shell takes away."""

    def anew(found):
        word = found[0]
        at = dice.randint(1, len(word) - 1) if len(word) > 1 else 1
        return word[:at] + dice.choice(("''", '""', "\\", "$@", "${z}", "$9")) + word[at:]

    return WORD.sub(anew, text, count=1)


def other_space(text, dice):
    gap = dice.choice(("${IFS}", "$IFS$9", "\t", "${IFS%??}", "  ", "<"))
    if gap == "<" and not re.search(r"\bcat /", text):
        return text
    return re.sub(r"(?<=[a-z]) (?=[/\w-])", lambda _: gap, text, count=1)


def braces(text, dice):
    return re.sub(r"\bcat (/[\w/?*]+)", r"{cat,\1}", text, count=1)


def globs(text, dice):
    """A file by a pattern."""
    return FILES.sub(
        lambda _: dice.choice(
            ("/etc/pass*", "/e?c/p?sswd", "/etc/passw[d]", "/et*/pas*wd", "/???/??ss??")
        ),
        text,
        count=1,
    )


def other_path(text, dice):
    return FILES.sub(
        lambda _: dice.choice(
            ("/etc/./passwd", "//etc//passwd", "/etc/../etc/passwd", "/e\\tc/pas''swd")
        ),
        text,
        count=1,
    )


def whole_program(text, dice):
    return re.sub(
        r"(?<![/\w\\'])cat(?= )",
        lambda _: dice.choice(("/bin/cat", "/usr/bin/cat", "/b?n/c?t")),
        text,
        count=1,
    )


def variable(text, dice):
    """A program out of two variables."""
    return re.sub(r"(?<=[;\n])\s*cat(?= )", "a=c;b=at;$a$b", text, count=1)


def other_substitution(text, dice):
    return re.sub(r"\$\(([^()`]*)\)", r"`\1`", text, count=1)


MUTATORS = (
    *(other_reader, other_separator, quotes_inside, other_space, braces, globs, other_path),
    *(whole_program, variable, other_substitution),
)
