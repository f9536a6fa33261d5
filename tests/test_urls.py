"""Addresses: absolute, public, canonical; and what may be an id."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import ANY, brief, steady

from aggregator import urls

PIECES = st.sampled_from(
    [
        *("http:", "https:", "HTTP:", "ftp:", "javascript:", "rsshub:", "//", "/", "\\", "@", ":", ":80", ":443", ":x"),
        *("user:pw@", "example.org", "EXAMPLE.org.", "www.", "[::1]", "[", "]", "例え。テスト", "faß.de", "..", "."),
        *(
            "?",
            "#",
            "&",
            ";",
            "=",
            "%",
            "%41",
            "%zz",
            "%c3%A9",
            "utm_source=x",
            "token=s",
            "a=1",
            "#!",
            " ",
            "\t",
            "\n",
        ),
        *("\x00", "é", "\ud800", "+", "|", "<", "{", "index.html", "..;", "。", "①"),
    ]
)
ADDRESSES = ANY | st.lists(PIECES, max_size=12).map("".join)
SLUGGISH = st.text("abcXYZ019-_.~ é新%&=?#/+", max_size=8)

# RFC 3986: what may stand in an address.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")


@steady
@given(ADDRESSES, st.none() | ADDRESSES)
def test_absolute_never_raises_and_is_stable(reference: str, base: str | None) -> None:
    """An http(s) address of legal characters comes out, or None; resolving it again changes nothing."""
    address = urls.absolute(reference, base)
    if address is not None:
        split = urlsplit(address)
        assert _ADDRESS.fullmatch(address)
        assert split.hostname
        assert split.username is None
        assert urls.absolute(address) == urls.absolute(address, base) == address


USUAL = st.lists(
    st.sampled_from(
        [
            *(
                "https://example.org",
                "http://www.a-b.example",
                "/",
                "//",
                "a",
                "B-1",
                ".",
                "..",
                "...",
                "%41",
                "%zz",
                "~",
            ),
            *("?", "#", ";", ":80", "@", "a=1&b=2", "é", "图", "\x85", "\xa0", "\ud800", "-300.jpg", "&amp;"),
        ]
    ),
    max_size=9,
).map("".join)


@steady
@given(USUAL, st.none() | USUAL | st.just("https://example.org/blog/post?q=1#f"))
def test_the_short_way_to_an_address_leads_where_the_long_one_does(reference: str, base: str | None) -> None:
    """What is not taken apart because it stands already as it will would come out the same."""
    assert urls.absolute(reference, base) == (urls._made(reference, base) if reference else None)


HOSTS = ("example.org", "www.m.amp.example.org", "de.m.example.org", "a.cdn.ampproject.org", "www.google.com", "t")


@steady
@given(
    st.sampled_from(HOSTS),
    st.lists(st.sampled_from(("/", "amp", ".amp", "/amp", "a", ".html", "c/s/", "%41", "é", "?a", "#")), max_size=6),
)
def test_the_short_way_to_a_page_leads_where_the_long_one_does(host: str, path: list[str]) -> None:
    """An address in which there is nothing to decode, to sort or to leave out need not be taken apart."""
    address = "/".join(("https:/", host, "".join(path))) if path else f"http://{host}"
    assert urls.canonical(address) == urls._canonical(address)


BASE = "https://example.org/blog/post?q=1#f"


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ("a.png", "https://example.org/blog/a.png"),
        ("../a.png", "https://example.org/a.png"),
        ("/a", "https://example.org/a"),
        ("?p=2", "https://example.org/blog/post?p=2"),
        ("#top", "https://example.org/blog/post?q=1#top"),
        ("//cdn.example.net/x.js", "https://cdn.example.net/x.js"),
        ("HTTP://Example.COM:80/", "http://example.com/"),
        ("https://example.com:443/x", "https://example.com/x"),
        ("http://example.com:8080", "http://example.com:8080/"),
        ("http://example.com./x", "http://example.com/x"),
        ("http://user:secret@example.com/x", "http://example.com/x"),
        ("  http://example.com/a\n b ", "http://example.com/a%20b"),
        ("http://exa\nmple.com/\tx", "http://example.com/x"),
        ("http://example.com/新?q=é&r=a b#ü", "http://example.com/%E6%96%B0?q=%C3%A9&r=a%20b#%C3%BC"),
        ("http://example.com/100%/%41%zz", "http://example.com/100%25/%41%25zz"),
        ("http://example.com/a?b[]=1|2", "http://example.com/a?b[]=1%7C2"),
        ("http://example.com/a#b#c", "http://example.com/a#b%23c"),
        ("http://example.com/a\\b", "http://example.com/a%5Cb"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://faß.de/", "http://xn--fa-hia.de/"),
        ("http://例え。テスト/", "http://xn--r8jz45g.xn--zckzah/"),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]/"),
    ],
)
def test_references_become_absolute(reference: str, address: str) -> None:
    """References are resolved as browsers do it, without credentials, and quoted where that was forgotten."""
    assert urls.absolute(reference, BASE) == address


@pytest.mark.parametrize(
    "reference",
    [
        *("", None, "javascript:alert(1)", " java\nscript:alert(1)", "data:text/html,x", "file:///etc/passwd"),
        *("mailto:a@example.org", "http://", "http:///path", "http://example.org:99999/", "http://example.org:x/"),
        *("http://[::1/", "http://exa mple.org/", "http://<b>/", "http://a..b/", "http://.../", "http://*.org/"),
        *("http://example.com\\@127.0.0.1/", "http://" + "é" * 70 + ".org/", "http://a,b/", "http://\x00/"),
    ],
)
def test_what_is_no_web_address_is_none(reference: str | None) -> None:
    """Other schemes, hosts that cannot be, and addresses that readers take for different hosts come out as None."""
    assert urls.absolute(reference, BASE) is None


def test_without_a_base_a_relative_reference_is_none() -> None:
    """Nothing is made up where there is nothing to resolve against."""
    assert urls.absolute("a.png") is None
    assert urls.absolute("a.png", "not an address") is None
    assert urls.absolute("//example.org/x") is None


@steady
@given(ADDRESSES)
def test_public_never_raises_and_is_stable(url: str) -> None:
    """Whatever comes in, the public form is its own public form, on one line."""
    shown = urls.public(url)
    assert urls.public(shown) == shown
    assert shown.isprintable() or not shown.isascii()
    assert not re.search(r"[\x00-\x20\x7f-\x9f]", shown)


_SECRET_NAMES = (
    "token TOKEN access_token auth_token rss-key api_key apikey api-key key pwd password passwd secret client_secret "
    "sig signature X-Amz-Signature X-Amz-Credential auth oauth jwt sid PHPSESSID session_id credentials accesskey "
    "pass passphrase AWSAccessKeyId to%6ben feed.key"
)


@pytest.mark.parametrize("name", _SECRET_NAMES.split())
@brief
@given(data=st.data())
def test_public_holds_no_secret(name: str, data: st.DataObject) -> None:
    """User name, password and the values of parameters that are called like secrets are not in the public form."""
    secret = "S3CRET"
    others = data.draw(st.lists(st.tuples(st.sampled_from("abc"), SLUGGISH), max_size=3))
    pairs = [f"{key}={quote(value)}" for key, value in others]
    pairs.insert(data.draw(st.integers(0, len(pairs))), f"{name}={secret}")
    query = data.draw(st.sampled_from("&;")).join(pairs)
    shown = urls.public(f"https://us3r:{secret}@feeds.example.org:8443/a?{query}#{secret}")
    assert secret not in shown
    assert "us3r" not in shown
    assert shown.startswith("https://feeds.example.org:8443/a")
    assert all(pair in shown for pair in pairs if secret not in pair)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://EXAMPLE.org:80/Feed?author=3&keyword=x&b", "http://example.org/Feed?author=3&keyword=x&b"),
        ("rsshub://qutoutiao/category/1?key=x", "rsshub://qutoutiao/category/1"),
        ("http://example.org/@user/feed", "http://example.org/@user/feed"),
        ("http://example.org/a\x1b[31m b", "http://example.org/a%1B[31m%20b"),
        ("user:pw@example.org/feed", ""),
        ("http://user:p/w@example.org/", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_public_forms(url: str, shown: str) -> None:
    """What is no secret stays as it is; what cannot be read is not shown at all."""
    assert urls.public(url) == shown


@steady
@given(ADDRESSES)
def test_canonical_never_raises_and_is_stable(url: str) -> None:
    """Whatever comes in, the canonical form is its own canonical form."""
    canon = urls.canonical(url)
    assert urls.canonical(canon) == canon
    urls.page(url)
    urls.host(url)
    urls.has_scheme(url)
    urls.valid_id(url)


VARIANTS = st.sampled_from(
    [
        lambda url: url.replace("http://", "https://", 1),
        lambda url: url.replace("://", "://www.", 1),
        lambda url: url.replace("example.org", "EXAMPLE.org", 1),
        lambda url: url.replace("://", "://user:pw@", 1),
        lambda url: f"{url}#section",
        lambda url: f"{url}{'&' if '?' in url else '?'}utm_source=rss&utm_medium=feed",
        lambda url: f"{url}{'&' if '?' in url else '?'}fbclid=x",
        lambda url: url.replace("?", "/?", 1) if "?" in url else f"{url}/",
        lambda url: url.replace("%C3%A9", "%c3%a9").replace("post", "p%6Fst"),
    ]
)
PATHS = st.sampled_from(["", "/post", "/a/b", "/caf%C3%A9", "/post?id=1", "/?b=2&a=1", "/x?id=1&id=2&q="])


@steady
@given(PATHS, VARIANTS)
def test_variants_of_one_page_have_one_canonical_form(path: str, variant: object) -> None:
    """Scheme, www, case of the host, credentials, fragment, slash, escapes and tracking parameters do not count."""
    url = f"http://example.org{path}"
    assert callable(variant)
    assert urls.canonical(variant(url)) == urls.canonical(url)


@steady
@given(st.lists(st.tuples(SLUGGISH, SLUGGISH), min_size=1, max_size=4))
def test_the_order_of_parameters_does_not_count(pairs: list[tuple[str, str]]) -> None:
    """The same parameters in another order name the same page."""
    shuffled = sorted(pairs, reverse=True)
    one, other = (
        urls.canonical(f"http://example.org/?{'&'.join(f'{quote(n)}={quote(v)}' for n, v in each)}")
        for each in (pairs, shuffled)
    )
    assert one == other


def test_different_pages_have_different_canonical_forms() -> None:
    """Host, port, path, parameters and routes behind the fragment count."""
    pages = [
        *("http://example.org/a", "http://example.org/A", "http://example.org/b", "http://example.net/a"),
        *(
            "http://example.org:8080/a",
            "http://example.org/a?id=1",
            "http://example.org/a?id=2",
            "http://sub.example.org/a",
        ),
        *(
            "http://example.org/a#!/x",
            "http://example.org/a#/y",
            "http://example.org/a/b",
            "http://example.org/a?ref=1",
        ),
    ]
    assert len({urls.canonical(page) for page in pages}) == len(pages)


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://example.org", False),
        ("https://www.example.org/", False),
        ("https://example.org/?utm_source=rss", False),
        ("https://example.org/#top", False),
        ("https://example.org/?p=1", True),
        ("https://example.org/a", True),
        ("https://example.org/#!a", True),
        ("nonsense", False),
    ],
)
def test_a_bare_site_is_no_page(url: str, page: bool) -> None:
    """An address without path, parameter and route names no story."""
    assert urls.page(url) == (urls.canonical(url) if page else None)


@pytest.mark.parametrize(
    "value",
    [
        *("http://example.org/1", "https://EXAMPLE.org/a/../b?#", "http://例え.テスト/新", "http://example.org/%E6"),
        *("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", "URN:isbn:0", "urn:example:cafe\u0301", "urn:example:café"),
        *("tag:example.org,2026:a", "tag:a@example.org,2026-11-24:", "tag:Example.org,2026-11:x y".replace(" ", "%20")),
    ],
)
def test_ids_that_may_be_published_as_they_are(value: str) -> None:
    """Absolute IRIs of schemes for names and pages."""
    assert urls.valid_id(value)


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "1", "post-1", "/a", "urn:1", "urn:1:x", "urn:-a:x", "urn:ex:", "http:///path", "http://", "http:"),
        *(
            "http://example.org/a b",
            "http://example.org/100%",
            "http://u:p@example.org/",
            "http://[::1/",
            "tag:,2026:x",
        ),
        *(
            "tag:example.org,26:x",
            "javascript:alert(1)",
            "data:,x",
            "http://example.org/\x00",
            "http://example.org/\u202e",
        ),
        *("http://example.org/\ud800", "http://example.org/\ufffe", 'http://example.org/"', "http://example.org/\n"),
        *("http://example.org/" + "a" * 1024, "http://example.org/" + "新" * 400, "tag:example.org,２０２６:x"),
    ],
)
def test_ids_that_may_not(value: str | None) -> None:
    """Relative, broken, secret, endless and misleading ones are replaced by one of ours."""
    assert not urls.valid_id(value)


@steady
@given(st.sampled_from(["", "http://example.org/", "urn:example:", "tag:example.org,2026:"]), ADDRESSES)
def test_a_valid_id_is_an_iri(start: str, rest: str) -> None:
    """What passes has a scheme and none of the characters that RFC 3987 forbids."""
    value = start + rest
    if not urls.valid_id(value):
        return
    assert urls.has_scheme(value)
    assert not re.search(r"[\s<>\"{}|\\^`\x00-\x20\x7f-\x9f]", value)
    assert len(value.encode()) <= 1024


def test_paths_are_quoted_for_links() -> None:
    """Slashes stay, everything that a link cannot hold is percent-encoded."""
    assert urls.path("新媒体/a b?#") == "%E6%96%B0%E5%AA%92%E4%BD%93/a%20b%3F%23"


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.bbc.co.uk/news", "bbc.co.uk"),
        ("https://a.github.io/", "a.github.io"),
        ("http://127.0.0.1:8080/x", "127.0.0.1"),
        ("http://[::1]/x", "::1"),
        ("http://localhost/x", "localhost"),
    ],
)
def test_a_site_is_what_its_owner_registered(url: str, site: str) -> None:
    """As the public suffix list has it."""
    assert urls.site(url) == site
