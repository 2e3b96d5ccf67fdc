"""Paths, addresses, lookups, templates and documents that mean the same, written otherwise."""

import re

# paths -------------------------------------------------------------------------------------------


def deeper(text, dice):
    return "../" * dice.randint(1, 4) + text if text.startswith("../") else text


def dots(text, dice):
    """Steps that go nowhere."""
    at = [m.start() + 1 for m in re.finditer("/", text)]
    if not at:
        return text
    where = dice.choice(at)
    return text[:where] + dice.choice(("./", "/", "././", "//")) + text[where:]


def detour(text, dice):
    """Into a folder and back."""
    return re.sub(r"etc/", lambda _: f"etc/{dice.choice(('x', 'ssl', 'opt'))}/../", text, count=1)


def start(text, dice):
    """From a folder of the application."""
    if not text.startswith("../"):
        return text
    return dice.choice(("images/../", "./", "a/b/../../", "static/../")) + text


PATHS = (deeper, dots, detour, start)

# addresses ---------------------------------------------------------------------------------------

HOST = re.compile(r"(?<=://)(?:[\w.]+@)?([\d.xa-f]+)(?=[:/]|$)")


def numbers(text, dice):
    """The address in another notation."""

    def anew(found):
        parts = found[1].split(".")
        if len(parts) != 4 or any(not p.isdecimal() or str(int(p)) != p for p in parts):
            return found[0]  # in another notation already
        a, b, c, d = map(int, parts)
        whole = a << 24 | b << 16 | c << 8 | d
        return dice.choice(
            (
                str(whole),
                hex(whole),
                f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
                f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
                f"{a}.{b}.{c << 8 | d}",
                f"{a}.{b << 16 | c << 8 | d}",
                f"00{a:o}.{b}.{c}.{d}",
            )
        )

    return HOST.sub(anew, text, count=1)


def name_before(text, dice):
    return re.sub(
        r"(?<=://)(?=[\d.xa-f]+(?:[:/]|$))",
        lambda _: dice.choice(("u@", "a.example@")),
        text,
        count=1,
    )


def scheme_case(text, dice):
    return re.sub(r"^\w+(?=://)", lambda m: dice.choice((m[0].upper(), m[0].title())), text)


def port(text, dice):
    """The port that goes without saying."""
    return re.sub(r"^(http://[^/:]+)(?=/)", r"\1:80", text, count=1, flags=re.IGNORECASE)


ADDRESSES = (numbers, name_before, scheme_case, port)

# lookups of Log4j --------------------------------------------------------------------------------


def lookup_letter(text, dice):
    """A letter out of a lookup of its own."""
    depth, found = 0, []
    for at, sign in enumerate(text[: text.find("://")]):
        depth += (sign == "{") - (sign == "}")
        if depth == 1 and sign.isalpha():
            found.append(at)
    if not found:
        return text
    at = dice.choice(found)
    sign = text[at]
    shown = dice.choice(
        (f"${{lower:{sign}}}", f"${{::-{sign}}}", f"${{env:Q:-{sign}}}", f"${{date:'{sign}'}}",
         f"${{lower:${{lower:{sign}}}}}", f"${{a:b:c:-{sign}}}")
    )  # fmt: skip
    return text[:at] + shown + text[at + 1 :]


def lookup_scheme(text, dice):
    return re.sub(
        r"\b(?:ldap|rmi|dns|ldaps|iiop)(?=://)",
        lambda _: dice.choice(("ldap", "rmi", "dns", "ldaps", "iiop")),
        text,
    )


def lookup_case(text, dice):
    return re.sub(r"lower:", lambda _: dice.choice(("lOwEr:", "LOWER:", "Lower:")), text, count=1)


LOOKUPS = (lookup_letter, lookup_scheme, lookup_case)

# templates ---------------------------------------------------------------------------------------


def inner_space(text, dice):
    gap = dice.choice((" ", "\t", "\n", "  "))
    return re.sub(r"\{\{\s*(.*?)\s*\}\}", lambda m: "{{" + gap + m[1] + gap + "}}", text, count=1)


def product(text, dice):
    return re.sub(
        r"\d+\*\d+", lambda _: f"{dice.randint(2, 99)}*{dice.randint(2, 999)}", text, count=1
    )


def item_for_attribute(text, dice):
    return re.sub(
        r"(?<=[\w')\]])\.(__\w+__)",
        lambda m: dice.choice((f"['{m[1]}']", f'["{m[1]}"]', f"|attr('{m[1]}')")),
        text,
        count=1,
    )


def split_name(text, dice):
    """A name in quotes out of two strings."""

    def anew(found):
        name = found[2]
        at = dice.randint(1, len(name) - 1)
        plus = dice.choice(("+", "~", ""))
        return f"{found[1]}{name[:at]}{found[1]}{plus}{found[1]}{name[at:]}{found[1]}"

    return re.sub(r"(['\"])(__\w+__)\1", anew, text, count=1)


def escaped_name(text, dice):
    return re.sub(r"(?<=['\"])__(?=\w)", r"\\x5f\\x5f", text, count=1)


def other_start(text, dice):
    return re.sub(
        r"''(?=\.__class__|\['__class__|\|attr)",
        lambda _: dice.choice(("()", "[]", '""', "request", "config")),
        text,
        count=1,
    )


TEMPLATES = (inner_space, product, item_for_attribute, split_name, escaped_name, other_start)

# conditions of document stores -------------------------------------------------------------------

CONDITIONS = (
    '"$ne":null',
    '"$ne":1',
    '"$gt":""',
    '"$exists":true',
    '"$nin":[]',
    '"$regex":".*"',
    '"$not":{"$eq":1}',
)
CONDITION = re.compile("|".join(map(re.escape, CONDITIONS)))


def other_condition(text, dice):
    return CONDITION.sub(lambda _: dice.choice(CONDITIONS), text, count=1)


def document_space(text, dice):
    return re.sub(r"(?<=[{:,])(?=[\"{\[])", lambda _: dice.choice((" ", "\n", "\t", "")), text)


def escaped_sign(text, dice):
    return text.replace('"$', '"\\u0024', 1)


DOCUMENTS = (other_condition, document_space, escaped_sign)
