"""Whose server a host is."""

from __future__ import annotations

import pytest

from aggregator.domains import Domains


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.org", "example.org"),
        ("old.www.Example.ORG.", "example.org"),
        ("feeds.bbc.co.uk", "bbc.co.uk"),
        ("xn--fiq228c.xn--55qx5d.cn", "xn--fiq228c.xn--55qx5d.cn"),
        ("ada.github.io", "ada.github.io"),
        ("www.ada.github.io", "ada.github.io"),
        ("github.io", "github.io"),
        ("ada.blogspot.com", "blogspot.com"),
        ("ada.wordpress.com", "wordpress.com"),
        ("8.8.8.8", "8.8.8.8"),
        ("2001:4860:4860::8888", "2001:4860:4860::8888"),
    ],
)
def test_hosts_of_one_publisher_share_a_domain(host: str, domain: str) -> None:
    """By the public suffix list, and by what is known of platforms whose limits span their sub-domains."""
    assert Domains().of(host) == domain


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "10.1.2.3", "::1", "nas", "nas.local", ""])
def test_machines_of_ones_own_belong_to_none(host: str) -> None:
    """Private addresses and the names of one's own network are nobody else's."""
    assert Domains().of(host) is None


def test_editors_know_better() -> None:
    """A domain's sub-domains are one, or each its own, where feeds.yaml says so; the longest name counts."""
    domains = Domains({"github.io": "one", "example.com": "each", "blogspot.com": "each", "shop.example.com": "one"})
    found = [domains.of(host) for host in ("ada.github.io", "a.b.example.com", "example.com", "ada.blogspot.com")]
    assert found == ["github.io", "b.example.com", "example.com", "ada.blogspot.com"]
    assert domains.of("a.shop.example.com") == "shop.example.com"
