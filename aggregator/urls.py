"""Small pure helpers for addresses: absolute, public, canonical; and what may be an ``atom:id``."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import (
    SplitResult,
    parse_qsl,
    quote,
    unquote,
    unquote_to_bytes,
    urlencode,
    urljoin,
    urlsplit,
    urlunsplit,
)

from aggregator import domains, twins

#: What names no feed that anybody could ask stands under addresses here; there can be no such host (RFC 6761,
#: section 6.4).
NOWHERE = "https://imported.invalid/"

#: RFC 3986, section 2: what may stand in an address as it is; ``%`` because it is quoted already.
_SAFE = "!$%&'()*+,/:;=?@[]~-._"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# draft-obasanjo-feed-uri-scheme, section 2: feed://host/path, or feed: before a whole address; some write feed://https://.
_FEED_SCHEME = re.compile(r"\s*feed:(?:(//)?(?=(https?://))|//)", re.IGNORECASE)
#: RFC 9110, section 4.1: servers and clients should take 8,000 octets.
_LONGEST = 8_000
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# WHATWG URL, section 4.4: browsers drop tabs and line breaks anywhere, and blanks around.
_DROPPED = re.compile(r"[\t\r\n]")
# What resolvers take for a host name (RFC 1123, section 2.1, and the underscore that is met), or an IPv6 address.
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]*:[0-9a-f:.]*(?:%[a-z0-9._~%-]+)?")
# What stands already as ``absolute`` writes it but for characters beyond ASCII, and what does so behind the host of its
# base: nearly all addresses do, and taking one apart takes long.
_QUOTED = r"\x00-\x20\"#%<>\\^`{|}\x7f"
_TAIL = rf"(?:\?(?:[^{_QUOTED}]++|%[0-9A-Fa-f]{{2}})++)?(?:#(?:[^{_QUOTED}]++|%[0-9A-Fa-f]{{2}})++)?"
_PORT = r"(?::(?:[1-5][0-9]{4}|[1-9][0-9]{3}))?+"  # one that is no scheme's default, as nearly all are that are met
_WRITTEN = re.compile(
    rf"https?://[a-z0-9_-]++(?:\.[a-z0-9_-]++)*+{_PORT}/(?:[^{_QUOTED};?]++|%[0-9A-Fa-f]{{2}})*+{_TAIL}"
)
_ROOTED = re.compile(rf"/(?![/.])(?:[^{_QUOTED}/;?]++|/(?!\.)|%[0-9A-Fa-f]{{2}})*+{_TAIL}")
_PERCENT_ENCODED = [chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in range(0x100)]
# An address of which ``canonical`` has nothing to decode, to sort or to leave out.
_USUAL = re.compile(r"https?://([a-z0-9_-]++(?:\.[a-z0-9_-]++)*+)((?:/[A-Za-z0-9!$&'()*+,/:;=@\[\]~._-]*+)?+)")
# The host of an address that has nothing before it, and but a port behind it.
_AT_HOST = re.compile(r"https?://([a-z0-9_-]++(?:\.[a-z0-9_-]++)*+)(?::[0-9]++)?+(?:[/?#]|\Z)")
# RFC 3987, sections 2.2 and 4.1: ucschar and iprivate are allowed; blanks, quotes, brackets, controls and those of
# writing direction are not.
_IRI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:"
    r"[^\s\x00-\x20\x7f-\x9f<>\"{}|\\^`\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufff0-\uffff]+"
)
_URN = re.compile(r"urn:[a-z0-9][a-z0-9-]{0,30}[a-z0-9]:.+", re.IGNORECASE | re.ASCII)
_TAG = re.compile(r"tag:[^,:]+,[0-9]{4}(-[0-9]{2}){0,2}:.*", re.IGNORECASE)
#: An id of more bytes than this is replaced by one of ours (20 kB ids were met).
_MAX_ID = 1024

_SECRET = re.compile(
    r".*(?:token|secret|passw(?:or)?d|passphrase|passcode|signature|credential|session|auth(?!or)).*"
    r"|(?:.*[_.-])?(?:key|sig|pwd|pass|sid|jwt)|.*(?:access|api|auth|feed|private|rss|secret|user)key(?:id)?|.*sessid",
    re.IGNORECASE | re.DOTALL,
)
_PAIRS = re.compile(r"[&;]")
_UNSHOWN = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff]")
_DEVIATION = re.compile("[\u00df\u03c2\u200c\u200d]")
# RFC 3490, section 3.1: what stands for the dot between labels.
_DOTS = re.compile("[.\u3002\uff0e\uff61]")


def absolute(reference: str | None, base: str | None = None) -> str | None:
    """Return ``reference`` as an absolute http(s) address resolved against ``base``, or None.

    None comes out for other schemes (``javascript:``, ``data:``, ``file:`` …), for what is no address, and for one that
    is longer than servers take.  User names and passwords are dropped; characters that may not stand in an address are
    percent-encoded.
    """
    if not reference:
        return None
    if _WRITTEN.fullmatch(reference):
        made = reference
    elif base and _ROOTED.fullmatch(reference) and (site := _site(base)):
        made = site + reference
    else:
        return _made(reference, base)
    if not made.isascii():
        try:
            made = "".join([_PERCENT_ENCODED[byte] for byte in made.encode()])
        except UnicodeEncodeError:  # lone surrogates
            return _made(reference, base)
    return made if len(made) <= _LONGEST else None


@lru_cache(maxsize=256)
def _site(base: str) -> str | None:
    return base[: base.index("/", len("https://"))] if _WRITTEN.fullmatch(base) else None


def _made(reference: str, base: str | None) -> str | None:
    split = _resolved(reference, base)
    if split is None or split.scheme not in ("http", "https") or not _HOST.fullmatch(split.hostname or ""):
        return None
    made = urlunsplit(split)
    return made if len(made) <= _LONGEST else None


def _resolved(reference: str, base: str | None) -> SplitResult | None:
    cleaned = _DROPPED.sub("", reference.strip("\x00\x0b\x0c \t\r\n"))
    try:
        split = urlsplit(urljoin(base, cleaned) if base else cleaned)
        netloc = _netloc(split)
    except ValueError:
        return None
    if "\\" in split.netloc:
        return None  # urlsplit and browsers disagree on the host then
    return SplitResult(split.scheme, netloc, quoted(split.path) or "/", quoted(split.query), quoted(split.fragment))


def _netloc(split: SplitResult) -> str:
    host = _ascii(split.hostname or "").rstrip(".")
    port = split.port
    bracketed = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(split.scheme)
    return bracketed if port is None or port == default else f"{bracketed}:{port}"


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    return ".".join(
        # The codec, older than these, would make another name of faß.de: fass.de (UTS 46, section 7, deviations).
        "xn--" + normalize("NFC", label).encode("punycode").decode()
        if _DEVIATION.search(label)
        else label.encode("idna").decode()
        for label in _DOTS.split(host)
    )


def quoted(part: str) -> str:
    """Return ``part`` of an address as it may stand in one: what is quoted already stays so."""
    return quote(_STRAY_PERCENT.sub("%25", part), safe=_SAFE, errors="replace") if part else part


def without_feed_scheme(url: str) -> str:
    """Return what a ``feed:`` address stands for, as browsers hand them on; any other comes back as it is."""
    found = _FEED_SCHEME.match(url)
    if not found:
        return url
    return url[found.end() :] if found[2] else f"http://{url[found.end() :]}"


def host(url: str) -> str:
    """Return the host name of ``url`` in lower case, or ""."""
    if usual := _AT_HOST.match(url):
        return usual[1]
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def site(url: str) -> str:
    """Return the name that the owner of ``url``'s site registered (``example.co.uk``); its host where that is none."""
    name = host(url)
    is_numeric = ":" in name or name.rpartition(".")[2].isdigit()
    return name if is_numeric else domains.registrable(name)


def public(url: str) -> str:
    """Return ``url`` as it may be shown and published: without user name, password, secret parameters and folders.

    What cannot be read as an address, so that nobody knows where its secrets are, comes out as "".
    """
    if "?" not in url and "#" not in url and url.isascii() and _WRITTEN.fullmatch(url):
        return url  # nearly all: there is no place for a secret in it
    try:
        split = urlsplit(url)
        netloc = _netloc(split)
    except ValueError:
        return ""
    if not netloc and "@" in split.path:
        return ""
    if split.scheme == "file":
        split = split._replace(path=split.path.rpartition("/")[2], query="")
    shown = SplitResult(split.scheme, netloc, split.path, _without_secrets(split.query), "")
    return _UNSHOWN.sub(lambda found: quote(found[0], errors="replace"), urlunsplit(shown))


def _without_secrets(query: str) -> str:
    separators, kept = ["", *_PAIRS.findall(query)], []
    for separator, pair in zip(separators, _PAIRS.split(query), strict=True):
        if not _SECRET.fullmatch(unquote(pair.partition("=")[0])):
            kept.append(separator + pair)
    return "".join(kept).lstrip("&;")


def secrets(url: str) -> frozenset[str]:
    """Return what ``public`` takes out of ``url`` because it is secret.

    That is the password, alone and with the user's name before it, a user's name without password, which is a key, and
    the values of secret parameters.
    """
    try:
        split = urlsplit(url)
    except ValueError:
        return frozenset()
    pairs = (pair.partition("=") for pair in _PAIRS.split(split.query))
    values = (value for name, _, value in pairs if _SECRET.fullmatch(unquote(name)))
    user = f"{split.username}:{split.password}@" if split.password else split.username
    return frozenset(filter(None, (user, split.password, *values)))


@lru_cache(maxsize=4096)  # recognising, normalising and publishing ask for the same ones again and again
def canonical(url: str) -> str:
    """Return a form of ``url`` that is the same for addresses of the same page; for comparing, never for use.

    Scheme, ``www.``, default port, fragment, trailing slash, percent-encoding, tracking parameters and the order of
    the others do not count; nor does it whether the page is asked for from a telephone, an AMP cache or a redirector
    (``twins``).  What has no host comes back as it is.
    """
    if (usual := _USUAL.fullmatch(url)) and not twins.may_wrap(usual[1]):
        return f"//{twins.host(usual[1])}{twins.path(usual[2])}"
    return _canonical(url)


def _canonical(url: str) -> str:
    try:
        split = urlsplit(twins.unwrapped(url))
        netloc = twins.host(_netloc(split))
        path = twins.path(quote(unquote_to_bytes(split.path), safe=_SAFE.replace("%", "")))
        pairs = parse_qsl(split.query, keep_blank_values=True, errors="surrogateescape")
        kept = sorted(pair for pair in pairs if twins.tells_page(*pair))
        query = urlencode(kept, errors="surrogateescape")
    except ValueError:
        return url
    # A fragment that starts with a bang or a slash is a page of its own (hash routing).
    fragment = f"#{split.fragment}" if split.fragment[:1] in ("!", "/") else ""
    return f"//{netloc}{path}{'?' + query if query else ''}{fragment}" if netloc else url


def page(url: str | None) -> str | None:
    """Return the ``canonical`` form of an address that can name one story, else None: a bare site's cannot."""
    canon = canonical(url) if url else ""
    names_one = canon.startswith("//") and (canon.find("/", 2) > 0 or "?" in canon or "#" in canon)
    return canon if names_one else None


@lru_cache(maxsize=4096)
def valid_id(value: str | None) -> bool:
    """Tell whether ``value`` may be an ``atom:id`` as it is: an absolute IRI (RFC 4287, section 4.2.6)."""
    if value and len(value) <= _MAX_ID and value.isascii() and _WRITTEN.fullmatch(value):
        return True
    if not value or not _IRI.fullmatch(value) or _STRAY_PERCENT.search(value) or len(value.encode()) > _MAX_ID:
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
