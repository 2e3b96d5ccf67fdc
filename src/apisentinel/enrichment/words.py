"""Names that mean something in requests: headers, cookies, query parameters, path segments. Data
for the kernels.

Each table maps words (small letters) to bits; kernels compare in any case of letters.
"""

from apisentinel.kernels.interning import word_table
from apisentinel.records import flags

# --- headers --------------------------------------------------------------------------------------
HEADER_HOST, HEADER_AGENT, HEADER_REFERER = 1, 2, 4
HEADER_FORWARDED_FOR, HEADER_FORWARDED = 8, 16
HEADER_CREDENTIAL, HEADER_COOKIE = 32, 64
HEADER_ORDER = 128
"""Sent by a program with every request, so that the order of these names tells programs apart."""
HEADER_CLASS = 256
"""The value, too, is the same for every request of a program."""

_HEADERS = {
    "host": HEADER_HOST | HEADER_ORDER,
    "user-agent": HEADER_AGENT | HEADER_ORDER,
    "referer": HEADER_REFERER,
    "x-forwarded-for": HEADER_FORWARDED_FOR,
    "forwarded": HEADER_FORWARDED,
    "authorization": HEADER_CREDENTIAL,
    "x-api-key": HEADER_CREDENTIAL,
    "api-key": HEADER_CREDENTIAL,
    "apikey": HEADER_CREDENTIAL,
    "x-auth-token": HEADER_CREDENTIAL,
    "x-access-token": HEADER_CREDENTIAL,
    "cookie": HEADER_COOKIE,
    "accept": HEADER_ORDER,
    "connection": HEADER_ORDER,
    "accept-encoding": HEADER_ORDER | HEADER_CLASS,
    "accept-language": HEADER_ORDER | HEADER_CLASS,
    "accept-charset": HEADER_ORDER | HEADER_CLASS,
    "sec-ch-ua": HEADER_ORDER,
    "sec-ch-ua-mobile": HEADER_ORDER | HEADER_CLASS,
    "sec-ch-ua-platform": HEADER_ORDER | HEADER_CLASS,
    "dnt": HEADER_ORDER | HEADER_CLASS,
    "sec-gpc": HEADER_ORDER | HEADER_CLASS,
    "te": HEADER_ORDER,
    "x-requested-with": HEADER_ORDER,
}
HEADERS = word_table(_HEADERS)

SESSION_COOKIES = word_table(
    dict.fromkeys(
        (
            "session", "sessionid", "session_id", "session-id", "sid", "sess", "phpsessid",
            "jsessionid", "asp.net_sessionid", "aspsessionid",
            "connect.sid", "laravel_session", "ci_session", "_session_id", "cfid", "symfony",
            "express.sid", "koa.sid", "rack.session",
            "beaker.session.id", "__host-session", "__secure-session", "next-auth.session-token",
            "__secure-next-auth.session-token",
            "play_session", "user_session", "auth_session", "session_token", "xsrf-session",
            "zenid", "sails.sid", "remember_token",
        ),
        1,
    )
)  # fmt: skip
"""Cookies that hold the session of common frameworks."""

# --- query ----------------------------------------------------------------------------------------
QUERY_OBJECT = 1
"""The value names an object."""
QUERY_PAGE = 2
"""The value walks through a list."""

_OBJECT_NAMES = (
    "id", "uid", "pid", "oid", "gid", "cid", "tid", "userid", "user", "account", "accountid",
    "orderid", "order", "itemid", "productid", "product",
    "customerid", "customer", "invoice", "invoiceid", "document", "documentid", "docid", "fileid",
    "postid", "post", "articleid", "article",
    "number", "no", "nr", "num", "key", "uuid", "guid", "ref", "reference", "objectid", "recordid",
    "basketid", "cartid", "memberid", "ticketid",
)  # fmt: skip
_PAGE_NAMES = (
    "page", "p", "pg", "paged", "pageno", "page_no", "pagenum", "pagenumber", "page_number",
    "pageindex", "page_index", "page[number]",
    "page[offset]", "page[size]", "pagesize", "page_size", "per_page", "perpage", "per-page",
    "offset", "skip", "start", "startindex",
    "start_index", "from", "limit", "take", "top", "$skip", "$top", "cursor", "after", "before",
    "next", "next_token", "nexttoken", "page_token",
    "pagetoken", "continuation", "continuationtoken", "marker", "max_id", "since_id", "scroll_id",
    "rows", "first", "last", "count",
)  # fmt: skip
QUERY_NAMES = word_table(
    dict.fromkeys(_OBJECT_NAMES, QUERY_OBJECT) | dict.fromkeys(_PAGE_NAMES, QUERY_PAGE)
)

# --- path -----------------------------------------------------------------------------------------
WORD_ANYWHERE = 1 << 16
"""The word counts as a part of a segment too (``user-login``), otherwise only as a whole
segment.
"""
WORD_LAST = 1 << 17
"""The word counts only as the last segment."""
WORD_START = 1 << 19
"""The word counts as the first part of a file name (``apple-touch-icon-180x180.png``)."""
WORD_KNOWN_FILE = 1 << 18
"""Whole file names; matched with the extension."""

_ANY = WORD_ANYWHERE
_PATH_WORDS: dict[int, tuple[str, ...]] = {
    flags.PATH_LOGIN | _ANY: ("login", "signin", "logon", "authenticate"),
    flags.PATH_LOGIN: (
        "sign-in", "sign_in", "log-in", "log_in", "wp-login", "xmlrpc", "oauth2", "oauth", "sso",
        "login_check", "logincheck", "login-submit",
        "j_security_check", "userlogin", "dologin", "checklogin", "ajaxlogin", "adminlogin",
        "loginuser", "authtoken", "gettoken", "obtain_token",
    ),
    flags.PATH_LOGIN | WORD_LAST: (
        "auth", "token", "tokens", "session", "sessions", "access_token", "access-token",
        "access_tokens", "authentication", "authorize", "jwt",
        "token-auth", "api-token-auth", "passwordless",
    ),
    flags.PATH_LOGOUT | _ANY: ("logout", "signout", "logoff"),
    flags.PATH_LOGOUT: ("sign-out", "sign_out", "log-out", "log_out", "end_session"),
    flags.PATH_REGISTER | _ANY: (
        "register", "registration", "signup", "otp", "mfa", "totp", "captcha", "passwd", "forgot",
        "reset",
    ),
    flags.PATH_REGISTER: (
        "sign-up", "sign_up", "password", "lostpassword", "recover", "recovery", "2fa",
        "two-factor", "two_factor", "verify", "verification",
        "activate", "activation", "confirm", "confirmation", "change-password", "create-account",
        "createaccount", "subscribe", "invite",
    ),
    flags.PATH_HEALTH: (
        "health", "healthz", "healthcheck", "health-check", "health_check", "livez", "readyz",
        "ready", "liveness", "readiness", "ping", "heartbeat",
        "actuator", "server-status", "nginx_status", "stub_status", "fpm-status", "uptime",
    ),
    flags.PATH_HEALTH | WORD_LAST: ("status", "metrics", "live", "alive", "version", "up"),
    flags.PATH_ADMIN: (
        "admin", "administrator", "administration", "wp-admin", "phpmyadmin", "pma", "adminer",
        "cpanel", "webadmin", "siteadmin", "sysadmin",
        "adminpanel", "admin-panel", "admin_area", "superadmin", "manager", "console", "backend",
        "backoffice", "back-office", "controlpanel",
        "django-admin", "rails_admin", "actuator", "jmx-console", "solr", "typo3",
    ),
    flags.PATH_ADMIN | _ANY: ("admin",),
    flags.PATH_API: (
        "api", "apis", "graphql", "graphiql", "gql", "rpc", "jsonrpc", "json-rpc", "xmlrpc", "rest",
        "odata", "wp-json", "ajax", "trpc",
        "grpc", "webhook", "webhooks", "swagger", "openapi", "api-docs", "json",
    ),
    flags.PATH_SEARCH: ("search", "find", "suggest", "suggestions", "autocomplete", "typeahead",
    "lookup", "_search", "searchresults"),
    flags.PATH_FEED: ("feed", "feeds", "rss", "atom", "rss2"),
    flags.PATH_FETCHED_BY_ITSELF: (".well-known",),
    flags.PATH_FETCHED_BY_ITSELF | WORD_START: ("apple", "favicon", "mstile"),
    flags.PATH_ROBOTS | WORD_KNOWN_FILE: ("robots.txt",),
    flags.PATH_ROBOTS | _ANY: ("sitemap", "sitemaps"),
    flags.PATH_FETCHED_BY_ITSELF | WORD_KNOWN_FILE: (
        "favicon.ico", "favicon.png", "favicon.svg", "ads.txt", "app-ads.txt", "humans.txt",
        "security.txt", "browserconfig.xml", "manifest.json",
        "site.webmanifest", "manifest.webmanifest", "crossdomain.xml", "apple-app-site-association",
        "assetlinks.json", "opensearch.xml",
        "service-worker.js", "sw.js", "llms.txt", "clientaccesspolicy.xml", "autodiscover.xml",
        "wpad.dat",
    ),
}  # fmt: skip

_ASSETS = (
    "css", "js", "mjs", "cjs", "map", "png", "jpg", "jpeg", "jpe", "gif", "svg", "svgz", "ico",
    "webp", "avif", "bmp", "tif", "tiff", "apng", "jfif",
    "woff", "woff2", "ttf", "otf", "eot", "mp4", "m4v", "webm", "mp3", "ogg", "ogv", "oga", "wav",
    "m4a", "aac", "flac", "mov", "avi", "wmv", "flv",
    "swf", "cur", "less", "scss", "m3u8", "ts", "vtt", "webmanifest",
)  # fmt: skip
_PAGES = (
    "html", "htm", "xhtml", "shtml", "php", "php3", "php5", "phtml", "asp", "aspx", "ashx", "asmx",
    "jsp", "jspx", "do", "action", "cgi", "pl", "py",
    "rb", "cfm", "json", "xml", "txt", "csv", "pdf", "rss", "atom", "gz", "zip", "md", "yaml",
    "yml", "proto", "doc", "docx", "xls", "xlsx", "ppt",
    "pptx", "exe", "dmg", "apk", "iso", "tar", "tgz", "bz2", "7z", "rar", "epub", "torrent", "log",
    "sql", "bak", "old", "ics", "vcf",
)  # fmt: skip

EXTENSION_ASSET, EXTENSION_PAGE, EXTENSION_FEED, EXTENSION_API = 1, 2, 4, 8


def _path_words() -> dict[str, int]:
    words: dict[str, int] = {}
    for bits, group in _PATH_WORDS.items():
        for word in group:
            words[word] = words.get(word, 0) | bits
    return words


def _extensions() -> dict[str, int]:
    words = dict.fromkeys(_ASSETS, EXTENSION_ASSET) | dict.fromkeys(_PAGES, EXTENSION_PAGE)
    return (
        words
        | dict.fromkeys(("rss", "atom"), EXTENSION_PAGE | EXTENSION_FEED)
        | {"json": EXTENSION_PAGE | EXTENSION_API}
    )


PATH_WORDS = word_table(_path_words())
EXTENSIONS = word_table(_extensions())
"""Endings of file names that are kept in a route; any other ending is a part of the name."""

LANGUAGES = word_table(
    dict.fromkeys(
        (
            "en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "ja", "zh", "ko", "ar", "tr",
            "sv", "da", "fi", "cs", "hu", "ro", "uk", "el",
            "vi", "th", "bg", "hr", "sk", "sl", "lt", "lv", "et", "fa", "hi", "nb", "cn", "jp",
            "kr", "gb", "us", "br", "mx", "ca", "ua",
        ),
        1,
    )
)  # fmt: skip
"""Two-letter languages (and countries used in their place) that are no common path words in
themselves.
"""
