"""Texts that become scripts wherever a page makes markup, addresses or code of text.

Each counts up `window.__ran` when it runs. They are put together from parts: ways out of where the
text may stand, carriers that run something, and spellings that filters overlook.
"""

from itertools import islice, product

RUN = "window.__ran=1+(window.__ran|0)"

OUTS = (
    "",
    "'>",
    '">',
    "`>",
    "-->",
    "]]>",
    "</title>",
    "</textarea>",
    "</style>",
    "</script>",
    "</noscript>",
    "</template>",
    "</svg>",
    "</math>",
    "'\"><",
    "\\'\\\">",
    "</td></tr></table>",
    "{{}}",
)
"""Ways out of an attribute, a comment or an element."""

CARRIERS = (
    "<script>{run}</script>",
    "<script src=data:text/javascript,{run}></script>",
    '<script type="module">{run}</script>',
    "<img src=x onerror={run}>",
    "<img src onerror='{run}'>",
    "<svg onload={run}>",
    "<svg><script>{run}</script></svg>",
    "<svg><animate onbegin={run} attributeName=x dur=1s>",
    "<svg><set onend={run} attributeName=x dur=1ms>",
    "<svg><a xlink:href=javascript:{run}><text>x</text></a></svg>",
    "<math><mtext><img src=x onerror={run}></mtext></math>",
    "<math href=javascript:{run}>x</math>",
    "<body onload={run}>",
    "<body onpageshow={run}>",
    "<iframe src=javascript:{run}></iframe>",
    '<iframe srcdoc="<script>parent.{run}</script>"></iframe>',
    "<object data=javascript:{run}></object>",
    "<embed src=javascript:{run}>",
    "<video><source onerror={run}></video>",
    "<video src=x onerror={run}></video>",
    "<audio src=x onerror={run}></audio>",
    "<details open ontoggle={run}>x</details>",
    "<input autofocus onfocus={run}>",
    "<select autofocus onfocus={run}>",
    "<textarea autofocus onfocus={run}>",
    "<button popovertarget=p>x</button><p popover id=p onbeforetoggle={run}>",
    "<marquee onstart={run}>x</marquee>",
    "<style onload={run}></style>",
    "<style>@keyframes x{{}}</style><b style='animation-name:x' onanimationstart={run}>x</b>",
    "<link rel=stylesheet href=data:, onerror={run}>",
    "<meta http-equiv=refresh content='0;url=javascript:{run}'>",
    "<base href=javascript:/{run}//>",
    "<form action=javascript:{run}><button autofocus>x</button></form>",
    "<a href=javascript:{run}>x</a>",
    "<a href='jav&#x09;ascript:{run}'>x</a>",
    "<template shadowrootmode=open><img src=x onerror={run}></template>",
    "<noscript><p title='</noscript><img src=x onerror={run}>'>",
    "<xss id=x tabindex=1 onfocus={run}></xss>",
    "javascript:{run}",
    "data:text/html,<script>opener.{run}</script>",
    "';{run};'",
    '";{run};"',
    "`;{run};`",
    "${{{run}}}",
    "{{{{constructor.constructor('{run}')()}}}}",
    "#{{{run}}}",
    "<%= {run} %>",
    "\\u003cscript\\u003e{run}\\u003c/script\\u003e",
    "\\x3cimg src=x onerror={run}\\x3e",
    "&lt;img src=x onerror={run}&gt;",
    "&#60;svg onload={run}&#62;",
    "%3Cscript%3E{run}%3C/script%3E",
    "%253Cscript%253E{run}%253C/script%253E",
    '=HYPERLINK("javascript:{run}","x")',
    "[x](javascript:{run})",
    '![x](x"onerror="{run})',
    "\x1b]8;;javascript:{run}\x07x\x1b]8;;\x07",
    "\u202e<img src=x onerror={run}>\u202c",
    "\u200b<scr\u200bipt>{run}</scr\u200bipt>",
    "\uff1cscript\uff1e{run}\uff1c/script\uff1e",
    "\ufeff<svg/onload={run}>",
    "__proto__[innerHTML]=<img src=x onerror={run}>",
    "constructor[prototype][src]=data:,{run}",
)
"""What runs, once it is markup, an address or code."""

SPELLINGS = (
    str,
    lambda text: text.replace("<script", "<ScRiPt").replace("onerror", "oNeRrOr"),
    lambda text: text.replace(" ", "/").replace("onload", "onload\t"),
    lambda text: text.replace("<", "<\n").replace("\n/", "/"),
    lambda text: text.replace("=", " = "),
    lambda text: text.replace(">", "//>"),
)


def corpus(count):
    """The first payloads of all, no two alike."""
    made = (
        spell(out + carrier.format(run=RUN))
        for spell, out, carrier in product(SPELLINGS, OUTS, CARRIERS)
    )
    return list(islice(dict.fromkeys(made), count))


FIELDS = (
    "path",
    "query",
    "host",
    "user_agent",
    "referer",
    "user_id",
    "session_id",
    "credential_id",
    "source",
    "tenant",
    "event_id",
    "request_body",
    "response_body",
    "method",
    "scheme",
    "http_version",
    "tls_ja4",
    "client_ip",
    "header",
)
"""What a sender says of a request."""

KEPT_VALID = ("method", "client_ip")
"""A request without a true method or address may be none; those get a payload now and then only."""


def requests(payloads, begin):
    """A request for each payload, which stands in every field, each time another one.

    Args:
        payloads: Of the corpus.
        begin: Moment of the first one, seconds since the epoch.
    """
    out = []
    for number in range(len(payloads)):
        words = {
            field: payloads[(number + 53 * place) % len(payloads)]
            for place, field in enumerate(FIELDS)
        }
        request = {
            "ts": begin + number * 0.25,
            "status": (200, 404, 500)[number % 3],
            "duration_us": 1_000 + number,
            "response_bytes": 100 + number,
            "request_body": words["request_body"],
            "response_body": words["response_body"],
            "headers": {
                "User-Agent": words["user_agent"],
                "Referer": words["referer"],
                "Content-Type": words["header"],
                "X-Forwarded-Host": words["header"],
                words["header"][:60]: words["header"],
            },
        }
        for field in FIELDS:
            if field not in {"request_body", "response_body", "header", *KEPT_VALID}:
                request[field] = words[field]
        request["path"] = f"/{words['path']}"
        request["method"] = words["method"] if number % 50 == 0 else ("GET", "POST")[number % 2]
        request["client_ip"] = (
            words["client_ip"] if number % 50 == 1 else f"203.0.113.{number % 40}"
        )
        out.append(request)
    return out
