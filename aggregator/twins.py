"""Addresses that name the same page: mobile and AMP twins, AMP caches, redirectors, tracking parameters.

Facts about addresses, each from those who define or strip them:

- campaign parameters: Google Analytics (support.google.com/analytics/answer/1033863), Matomo (matomo.org/faq/reports),
  AT Internet, Webtrekk, Adobe; click ids: Google, Microsoft, Meta, Yandex, X, TikTok
- what browsers strip: Firefox (Query Parameter Stripping), Brave (query_filter), Safari (Link Tracking Protection)
- AMP: amp.dev, "AMP URLs in Google Search" and "AMP Cache URL format"
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

_TRACKING = re.compile(
    r"utm_\w+|mtm_\w+|pk_\w+|piwik_\w+|hsa_\w+|at_[a-z_]+|wt_mc\w*|ns_(?:mchannel|source|campaign|linkname|fee)|xtor"
    r"|fbclid|fb_action_ids|fb_comment_id|gclid|gclsrc|dclid|gbraid|wbraid|gad_source|srsltid|_gl|_ga"
    r"|msclkid|yclid|ysclid|ymclid|_openstat|twclid|ttclid|igshid|igsh|irclickid|rb_clickid|wickedid|unicorn_click_id"
    r"|mc_[ce]id|_hsenc|_hsmi|__hs(?:fp|sc|tc)|hsctatracking|mkt_tok|ml_subscriber(?:_hash)?|et_rid|ss_email_id|bbeml"
    r"|bsft_\w+|oly_\w+_id|vero_(?:id|conv)|sc_(?:uid|eh|customer)|s_cid|_kx|__s|_bhlid|_branch_(?:match_id|referrer)"
    r"|guce_referrer(?:_sig)?|ref_src|ref_url|spm|cmpid|ncid|smid|ftag|feedtype|__twitter_impression",
    re.IGNORECASE,
)
#: Names that carry meaning elsewhere, and here say only that a feed was the way.
_WAY = re.compile(r"source|src|ref|from|via|f", re.IGNORECASE)
_FEED = re.compile(r"(?:rss|feed|atom)(?![a-z]).*", re.IGNORECASE | re.DOTALL)
_AMP_PARAMETER = re.compile(r"amp|amp_(?:js_v|gsa|lite|markup)|usqp", re.IGNORECASE)
_OUTPUT = re.compile(r"outputtype|output|view", re.IGNORECASE)

# What is left is a host still: m.example.org is a twin of example.org, m.me is itself.
_TWIN_HOST = re.compile(r"(?:www|m|mobile|amp|wap)\.(?=[^.:]+\.[^.:])")
# de.m.wikipedia.org
_INNER_TWIN = re.compile(r"([a-z]{2,3})\.m\.(?=[^.:]+\.[^.:])")
_AMP_FIRST = re.compile(r"/amp(?=/[^/])")
_AMP_LAST = re.compile(r"/amp/?$|\.amp(?=\.html?$)|\.amp$")

# https://www-example-org.cdn.ampproject.org/c/s/www.example.org/story, https://www.google.com/amp/s/example.org/story
_CACHE_HOST = re.compile(r"(?:[a-z0-9-]+\.)?cdn\.ampproject\.org")
_CACHED = re.compile(r"/[a-z]{1,3}/(s/)?([^/]+\.[^/]+.*)", re.DOTALL)
_VIEWER_HOST = re.compile(r"(?:www\.)?google\.[a-z.]{2,6}")
_VIEWED = re.compile(r"/amp/(s/)?([^/]+\.[^/]+.*)", re.DOTALL)

#: Where a parameter of a redirector's address holds the page's own: the path begins so, the parameters in turn.
_REDIRECTORS: dict[str, tuple[str, tuple[str, ...]]] = {
    "google.com": ("/url", ("url", "q")),
    "bing.com": ("/news/apiclick.aspx", ("url",)),
    "l.facebook.com": ("/l.php", ("u",)),
    "lm.facebook.com": ("/l.php", ("u",)),
    "youtube.com": ("/redirect", ("q",)),
    "out.reddit.com": ("/", ("url",)),
    "t.umblr.com": ("/redirect", ("z",)),
    "slack-redir.net": ("/link", ("url",)),
    "link.zhihu.com": ("/", ("target",)),
    "link.juejin.cn": ("/", ("target",)),
    "link.jianshu.com": ("/", ("t",)),
    "link.csdn.net": ("/", ("target",)),
}


def unwrapped(url: str) -> str:
    """Return the address behind an AMP cache or a redirector, else ``url``.

    Raises ValueError when there is no address to be read.
    """
    while (inner := _inside(url)) is not None:  # which is shorter each time
        url = inner
    return url


def may_wrap(host: str) -> bool:
    """Tell whether an address without a query at ``host`` may be one of an AMP cache; see ``unwrapped``."""
    return "ampproject" in host or "google" in host


def host(netloc: str) -> str:
    """Return ``netloc`` without the labels that twins of a site have in front."""
    while True:
        found = _TWIN_HOST.match(netloc)
        inner = None if found else _INNER_TWIN.match(netloc)
        if found:
            netloc = netloc[found.end() :]
        elif inner:
            netloc = f"{inner[1]}.{netloc[inner.end() :]}"
        else:
            return netloc


def path(path: str) -> str:
    """Return ``path`` without what makes an AMP twin of it, and without slashes at its end."""
    if "amp" not in path:
        return path.rstrip("/")
    while True:
        shorter = _AMP_LAST.sub("", _AMP_FIRST.sub("", path, count=1)).rstrip("/")
        if shorter == path:
            return path
        path = shorter


def tells_page(name: str, value: str) -> bool:
    """Tell whether a parameter says which page it is: not a campaign, nor the way that a reader came."""
    if _TRACKING.fullmatch(name) or _AMP_PARAMETER.fullmatch(name):
        return False
    if _WAY.fullmatch(name) and _FEED.fullmatch(value):
        return False
    return not (_OUTPUT.fullmatch(name) and value.lower() == "amp")


def _inside(url: str) -> str | None:
    split = urlsplit(url)
    name = (split.hostname or "").removeprefix("www.")
    cached = _CACHED.match(split.path) if _CACHE_HOST.fullmatch(split.hostname or "") else None
    found = cached or (_VIEWED.match(split.path) if _VIEWER_HOST.fullmatch(split.hostname or "") else None)
    if found:
        query = f"?{split.query}" if split.query else ""
        return f"http{'s' if found[1] else ''}://{found[2]}{query}"
    start, parameters = _REDIRECTORS.get(name, ("", ()))
    if parameters and split.path.startswith(start):
        given = parse_qs(split.query)
        pages = (given[each][0] for each in parameters if each in given)
        return next((page for page in pages if page.startswith(("http://", "https://"))), None)
    return None
