"""Small pure helpers for addresses: absolute, public, canonical; and what may be an ``atom:id``."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

#: RFC 3986, section 2: what may stand in an address as it is; ``%`` because it is quoted already.
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# WHATWG URL, section 4.4: browsers drop tabs and line breaks anywhere, and blanks around.
_DROPPED = re.compile(r"[\t\r\n]")
# RFC 3987, section 2.2: ucschar and iprivate are allowed, blanks, quotes, brackets and controls are not.
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20\x7f-\x9f<>\"{}|\\^`\ufdd0-\ufdef\ufff0-\uffff]+")
_URN = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:.+", re.IGNORECASE)
_TAG = re.compile(r"tag:[^,:]+,\d{4}(-\d\d){0,2}:.*", re.IGNORECASE)
#: An id longer than this is replaced by one of ours (20 kB ids were met; PostgreSQL indexes 2,704 bytes).
_MAX_ID = 1024

_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|mc_[ce]id|igshid|_hsenc|_hsmi|mkt_tok|ref_src"
    r"|at_(?:medium|campaign)|spm|wt_mc|cmpid|ncid|smid|ftag|vero_id|oly_\w+_id|__twitter_impression",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r".*(?:token|secret|passw(?:or)?d|signature|credential|apikey|api_key|auth).*|key|sig|pwd|pass|sid|session",
    re.IGNORECASE,
)


def absolute(reference: str | None, base: str | None = None) -> str | None:
    """Return ``reference`` as an absolute http(s) address resolved against ``base``, or None.

    None comes out for other schemes (``javascript:``, ``data:``, ``file:`` …) and for what is no address.
    User names and passwords are dropped; characters that may not stand in an address are percent-encoded.
    """
    split = _resolved(reference, base)
    if split is None or split.scheme not in ("http", "https") or not split.hostname:
        return None
    return urlunsplit(split)


def _resolved(reference: str | None, base: str | None) -> SplitResult | None:
    if not reference:
        return None
    cleaned = _DROPPED.sub("", reference.strip("\x00\x0b\x0c \t\r\n"))
    try:
        split = urlsplit(urljoin(base, cleaned) if base else cleaned)
        netloc = _netloc(split)
    except ValueError:
        return None
    if "\\" in split.netloc:
        return None  # urlsplit and browsers disagree on the host then
    return SplitResult(split.scheme, netloc, _quoted(split.path) or "/", _quoted(split.query), _quoted(split.fragment))


def _netloc(split: SplitResult) -> str:
    host = (split.hostname or "").rstrip(".")
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    port = split.port
    bracketed = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(split.scheme)
    return bracketed if port is None or port == default else f"{bracketed}:{port}"


def _quoted(part: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe=_SAFE, errors="replace") if part else part


def host(url: str) -> str:
    """Return the host name of ``url`` in lower case, or ""."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def public(url: str) -> str:
    """Return ``url`` as it may be shown and published: without user name, password and secret parameters."""
    try:
        split = urlsplit(url)
        netloc = _netloc(split)
    except ValueError:
        return ""
    query = split.query
    if query:
        pairs = query.split("&")
        query = "&".join(pair for pair in pairs if not _SECRET.fullmatch(unquote(pair.partition("=")[0])))
    return urlunsplit(SplitResult(split.scheme, netloc, split.path, query, ""))


def canonical(url: str) -> str:
    """Return a form of ``url`` that is the same for addresses of the same page; for comparing, never for use.

    Scheme, ``www.``, default port, fragment, trailing slash, tracking parameters and the order of the others
    do not count.
    """
    try:
        split = urlsplit(url)
        netloc = _netloc(split).removeprefix("www.")
    except ValueError:
        return url
    kept = sorted(
        (name, value)
        for name, value in parse_qsl(split.query, keep_blank_values=True, errors="surrogateescape")
        if not _TRACKING.fullmatch(name)
    )
    path = split.path.rstrip("/")
    query = urlencode(kept, errors="surrogateescape")
    # A fragment that starts with a bang or a slash is a page of its own (hash routing).
    fragment = f"#{split.fragment}" if split.fragment[:1] in ("!", "/") else ""
    return f"{netloc}{path}{'?' + query if query else ''}{fragment}"


def is_page(url: str) -> bool:
    """Tell whether ``url`` can name one story: a bare site (``https://example.org/``) cannot."""
    canon = canonical(url)
    return "/" in canon or "?" in canon


def valid_id(value: str | None) -> bool:
    """Tell whether ``value`` may be an ``atom:id`` as it is: an absolute IRI (RFC 4287, section 4.2.6)."""
    if not value or len(value) > _MAX_ID or not _IRI.fullmatch(value) or _STRAY_PERCENT.search(value):
        return False
    scheme = value.partition(":")[0].lower()
    if scheme in ("http", "https"):
        try:
            split = urlsplit(value)
        except ValueError:
            return False
        return bool(split.hostname) and split.username is None and split.password is None
    if scheme == "urn":
        return _URN.fullmatch(value) is not None
    return scheme == "tag" and _TAG.fullmatch(value) is not None


def has_scheme(value: str) -> bool:
    """Tell whether ``value`` starts as an absolute address does."""
    return _SCHEME.match(value) is not None


def path(value: str) -> str:
    """Return ``value``, slashes kept, percent-encoded as it must stand in a link."""
    return quote(value, safe="/-._~")
