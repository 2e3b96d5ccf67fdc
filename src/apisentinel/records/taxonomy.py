"""The closed list of attack types and how each maps to the field's catalogues."""

from dataclasses import dataclass
from enum import StrEnum


class AttackType(StrEnum):
    """What an alert says has happened. Closed: other programs match on these words."""

    SQLI = "sqli"
    NOSQLI = "nosqli"
    XSS = "xss"
    CMDI = "cmdi"
    TRAVERSAL = "traversal"
    SSTI = "ssti"
    SSRF = "ssrf"
    XXE = "xxe"
    LDAPI = "ldapi"
    CRLF = "crlf"
    LOG4SHELL = "log4shell"
    DESERIALIZATION = "deserialization"
    RFI = "rfi"
    GRAPHQL_ABUSE = "graphql_abuse"
    PROMPT_INJECTION = "prompt_injection"
    PROTOCOL = "protocol"
    BRUTE_FORCE = "brute_force"
    CREDENTIAL_STUFFING = "credential_stuffing"
    PASSWORD_SPRAYING = "password_spraying"
    ACCOUNT_TAKEOVER = "account_takeover"
    ENUMERATION = "enumeration"
    TOKEN_ABUSE = "token_abuse"
    BOLA = "bola"
    BFLA = "bfla"
    MASS_ASSIGNMENT = "mass_assignment"
    PARAMETER_TAMPERING = "parameter_tampering"
    SEQUENCE_ABUSE = "sequence_abuse"
    SCRAPING = "scraping"
    CRAWLING = "crawling"
    AUTOMATION = "automation"
    FAKE_BOT = "fake_bot"
    SCANNING = "scanning"
    PROBING = "probing"
    VOLUME = "volume"
    RESOURCE_ABUSE = "resource_abuse"
    DATA_EXPOSURE = "data_exposure"
    INSIDER_MISUSE = "insider_misuse"
    ANOMALY = "anomaly"


@dataclass(frozen=True)
class Reference:
    """Where the field describes an attack type.

    Attributes:
        title: Name for people.
        owasp: OWASP API Security Top 10 2023 id, or the OWASP Top 10 2021 id where the API list has
            none.
        cwe: CWE numbers of the weakness that is attacked.
        capec: CAPEC numbers of the attack pattern.
        attack: MITRE ATT&CK technique ids.
    """

    title: str
    owasp: str
    cwe: tuple[int, ...]
    capec: tuple[int, ...]
    attack: tuple[str, ...]


_T = AttackType
REFERENCES: dict[AttackType, Reference] = {
    _T.SQLI: Reference("SQL injection", "A03:2021", (89,), (66,), ("T1190",)),
    _T.NOSQLI: Reference("NoSQL injection", "A03:2021", (943,), (676,), ("T1190",)),
    _T.XSS: Reference("Cross-site scripting", "A03:2021", (79,), (63,), ("T1190", "T1059.007")),
    _T.CMDI: Reference(
        "Command or code injection", "A03:2021", (78, 94), (88, 242), ("T1190", "T1059")
    ),
    _T.TRAVERSAL: Reference("Path traversal", "A01:2021", (22,), (126,), ("T1190", "T1083")),
    _T.SSTI: Reference("Template injection", "A03:2021", (1336,), (242,), ("T1190", "T1059")),
    _T.SSRF: Reference(
        "Server-side request forgery", "API7:2023", (918,), (664,), ("T1190", "T1552.005")
    ),
    _T.XXE: Reference("XML external entity", "A05:2021", (611,), (221,), ("T1190",)),
    _T.LDAPI: Reference("LDAP injection", "A03:2021", (90,), (136,), ("T1190",)),
    _T.CRLF: Reference("CRLF or header injection", "A03:2021", (93, 113), (34,), ("T1190",)),
    _T.LOG4SHELL: Reference(
        "JNDI lookup (Log4Shell)", "A06:2021", (917, 502), (242,), ("T1190", "T1059")
    ),
    _T.DESERIALIZATION: Reference("Unsafe deserialisation", "A08:2021", (502,), (586,), ("T1190",)),
    _T.RFI: Reference("Remote file inclusion", "A03:2021", (98,), (193,), ("T1190", "T1105")),
    _T.GRAPHQL_ABUSE: Reference("GraphQL abuse", "API4:2023", (770,), (197,), ("T1499.003",)),
    _T.PROMPT_INJECTION: Reference("Prompt injection", "LLM01:2025", (1427,), (), ("T1190",)),
    _T.PROTOCOL: Reference(
        "HTTP protocol violation", "API8:2023", (444, 20), (33, 272), ("T1190",)
    ),
    _T.BRUTE_FORCE: Reference("Password guessing", "API2:2023", (307,), (49, 112), ("T1110.001",)),
    _T.CREDENTIAL_STUFFING: Reference(
        "Credential stuffing", "API2:2023", (307,), (600,), ("T1110.004",)
    ),
    _T.PASSWORD_SPRAYING: Reference(
        "Password spraying", "API2:2023", (307,), (565,), ("T1110.003",)
    ),
    _T.ACCOUNT_TAKEOVER: Reference("Account takeover", "API2:2023", (287,), (560,), ("T1078",)),
    _T.ENUMERATION: Reference(
        "Enumeration of users or objects", "API1:2023", (204, 203), (575,), ("T1087",)
    ),
    _T.TOKEN_ABUSE: Reference(
        "Token abuse", "API2:2023", (384, 345), (593, 60), ("T1539", "T1550.001")
    ),
    _T.BOLA: Reference(
        "Broken object level authorisation", "API1:2023", (639,), (122,), ("T1213",)
    ),
    _T.BFLA: Reference(
        "Broken function level authorisation", "API5:2023", (285, 862), (122,), ("T1078",)
    ),
    _T.MASS_ASSIGNMENT: Reference("Mass assignment", "API3:2023", (915,), (77,), ("T1565",)),
    _T.PARAMETER_TAMPERING: Reference(
        "Parameter tampering", "API6:2023", (472,), (77, 162), ("T1565",)
    ),
    _T.SEQUENCE_ABUSE: Reference(
        "Abuse of a business flow", "API6:2023", (841,), (210,), ("T1119",)
    ),
    _T.SCRAPING: Reference("Scraping", "API6:2023", (799,), (116,), ("T1119", "T1213")),
    _T.CRAWLING: Reference("Crawling", "API6:2023", (799,), (169,), ("T1594",)),
    _T.AUTOMATION: Reference("Unwanted automation", "API6:2023", (799,), (210,), ("T1119",)),
    _T.FAKE_BOT: Reference("Forged crawler identity", "API6:2023", (290,), (151,), ("T1036",)),
    _T.SCANNING: Reference(
        "Vulnerability scanning", "API8:2023", (799,), (541, 310), ("T1595.002",)
    ),
    _T.PROBING: Reference(
        "Probing for exposed resources", "API9:2023", (538, 425), (87, 169), ("T1595.003",)
    ),
    _T.VOLUME: Reference("Request flood", "API4:2023", (770, 799), (125,), ("T1499",)),
    _T.RESOURCE_ABUSE: Reference(
        "Excessive use of resources", "API4:2023", (770, 400), (469,), ("T1499.003",)
    ),
    _T.DATA_EXPOSURE: Reference(
        "Exposure of sensitive data", "API3:2023", (200, 213), (118,), ("T1213",)
    ),
    _T.INSIDER_MISUSE: Reference("Misuse by an insider", "API1:2023", (200,), (122,), ("T1530",)),
    _T.ANOMALY: Reference("Unusual behaviour", "API8:2023", (), (), ()),
}

PAYLOAD_TYPES = frozenset(list(AttackType)[: list(AttackType).index(AttackType.PROTOCOL) + 1])
"""Types that are seen in the content of one request."""


class Severity(StrEnum):
    """Band of a risk."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


BANDS = ((80, Severity.CRITICAL), (60, Severity.HIGH), (40, Severity.MEDIUM), (0, Severity.LOW))
"""Lowest risk of each band, highest first."""


def severity_of(risk: float) -> Severity:
    """Band of a risk between 0 and 100.

    Example:
        >>> severity_of(79).value
        'HIGH'
    """
    return next(band for lowest, band in BANDS if risk >= lowest or lowest == 0)


class AgentKind(StrEnum):
    """What kind of program sends the requests, by its own words and their plausibility."""

    UNKNOWN = "unknown"
    EMPTY = "empty"
    BROWSER = "browser"
    MOBILE_APP = "mobile_app"
    LIBRARY = "library"
    TOOL = "tool"
    SCANNER = "scanner"
    CRAWLER = "crawler"
    MONITOR = "monitor"
    AI_AGENT = "ai_agent"


AGENT_KINDS = tuple(AgentKind)
"""Kinds in the order of their numeric codes."""

METHODS = (
    "",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "CONNECT",
    "TRACE",
    "PROPFIND",
    "OTHER",
)
"""Methods in the order of their numeric codes; 0 = none, the last one = any other word."""
