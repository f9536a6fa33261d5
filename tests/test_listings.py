"""What lists the sources: opml.xml and sources.html."""

from __future__ import annotations

from origin import Origin
from planet import Item, Planet, rss


def listings(planet: Planet) -> tuple[str, str]:
    """Return what lists the sources: the OPML and the page."""
    opml, page = ((planet.folder / "public" / name).read_text("utf-8") for name in ("opml.xml", "sources.html"))
    return opml, page


def test_what_lists_the_sources_follows_them_without_news(planet: Planet, origin: Origin) -> None:
    """Another title or home page of a feed, one that is switched off or gone, and a first answer without entries."""
    items = (Item(guid="1"),)
    origin.put("/a.xml", rss(*items, title="Before"))
    origin.put("/b.xml", rss(title="Nothing yet"))
    origin.put("/c.xml", rss(Item(guid="2"), title="Third"))
    feeds = [f"{{url: '{origin.url(f'/{name}.xml')}', id: {name}}}" for name in "abc"]
    planet.configure(feeds)
    planet.run()
    assert all("Nothing yet" in said for said in listings(planet))
    origin.put("/a.xml", rss(*items, title="After"))
    planet.run(at="2026-11-24T09:00:00Z")
    assert all("After" in said and "Before" not in said for said in listings(planet))
    _, page = listings(planet)
    planet.configure([feeds[0], feeds[1].replace("id:", "enabled: false, id:"), feeds[2]])
    planet.run(at="2026-11-24T10:00:00Z")
    _, switched = listings(planet)
    assert switched != page
    origin.put("/c.xml", "", status=410)
    planet.run(at="2026-11-24T11:00:00Z")
    assert listings(planet)[1] != switched
    assert "would write" not in planet.command("publish", "--check").stdout
