"""Which elements may stand where, and which of the methods of ``Hearing`` takes each of them.

The names are feedparser's: prefixes of its own, ``_``, and the local name in lower case.
"""

from __future__ import annotations

from collections.abc import Callable

from aggregator.parse.heard import is_permalink
from aggregator.parse.lane.aside import Aside
from aggregator.parse.lane.hearing import ITUNES, MEDIA_SCHEME, Hearing
from aggregator.parse.lane.machine import Attributes

Begin = Callable[[Hearing, Attributes], None]


def _pass(hearing: Hearing, said: Attributes) -> None:
    hearing.pass_over(loose=bool(said))


def _pass_generator(hearing: Hearing, said: Attributes) -> None:
    hearing.pass_over(loose=False)


def _drop(hearing: Hearing, said: Attributes) -> None:
    hearing.drop()


def _content(key: str, default: str = "text/plain") -> Begin:
    return lambda hearing, said: hearing.content(key, said, default)


def _keep(key: str) -> Begin:
    return lambda hearing, said: hearing.keep(key)


def _bare(begin: Begin) -> Begin:
    """Take an element for which feedparser has no handler, and whose attributes it keeps instead of its text."""

    def bare(hearing: Hearing, said: Attributes) -> None:
        if said:
            raise Aside
        begin(hearing, said)

    return bare


def _group(names: str, begin: Begin) -> dict[str, Begin]:
    return dict.fromkeys(names.split(), begin)


def _channel(hearing: Hearing, said: Attributes) -> None:
    _demand_no_cdf(said)
    hearing.hold(FEED)


def _rss(hearing: Hearing, said: Attributes) -> None:
    hearing.begin_rss(said.get("version", ""))
    hearing.hold({"channel": _channel})


def _feed(hearing: Hearing, said: Attributes) -> None:
    _demand(hearing, "atom10")
    hearing.note_language()
    hearing.hold(FEED)


def _rdf(hearing: Hearing, said: Attributes) -> None:
    _demand(hearing, "rss10", "rss090")
    hearing.hold({"channel": _channel, "item": _entry, "image": _image, "textinput": _input})


def _demand(hearing: Hearing, *versions: str) -> None:
    if hearing.names.version not in versions:
        raise Aside


def _demand_no_cdf(said: Attributes) -> None:
    if "lastmod" in said or "href" in said:
        raise Aside


def _entry(hearing: Hearing, said: Attributes) -> None:
    _demand_no_cdf(said)
    hearing.begin_entry(said.get("rdf:about"))
    hearing.hold(ENTRY, hearing.end_entry)


def _source(hearing: Hearing, said: Attributes) -> None:
    hearing.begin_source(said.get("url"))
    hearing.hold(SOURCE, hearing.end_source, says=True)


def _image(hearing: Hearing, said: Attributes) -> None:
    hearing.forget_title()
    hearing.hold(_IMAGE, exclusive=True)


def _input(hearing: Hearing, said: Attributes) -> None:
    hearing.forget_title()
    hearing.hold(_INPUT, exclusive=True)


def _entry_image(hearing: Hearing, said: Attributes) -> None:
    hearing.hold(_ENTRY_IMAGE, hearing.end_entry_image, says=True)


def _owner(hearing: Hearing, said: Attributes) -> None:
    hearing.hold(_OWNER)


def _category(hearing: Hearing, said: Attributes) -> None:
    hearing.category(said.get("term"), said.get("scheme", said.get("domain")), said.get("label"))


def _media_category(hearing: Hearing, said: Attributes) -> None:
    _category(hearing, {"scheme": MEDIA_SCHEME, **said})


def _itunes_category(hearing: Hearing, said: Attributes) -> None:
    hearing.category(said.get("text"), ITUNES, None)


def _passed_categories(hearing: Hearing, said: Attributes) -> None:
    hearing.hold({"itunes_category": _passed_categories})


def _media_content(hearing: Hearing, said: Attributes) -> None:
    hearing.media("media_content", said)
    hearing.hold(_MEDIA)


def _media_group(hearing: Hearing, said: Attributes) -> None:
    hearing.hold(_MEDIA)


def _cc_license(hearing: Hearing, said: Attributes) -> None:
    hearing.license(said.get("rdf:resource"))
    hearing.pass_over()


def _guid(hearing: Hearing, said: Attributes) -> None:
    hearing.identifier(permalink=is_permalink(said))


_PERSON: dict[str, Begin] = {
    **_group("name", lambda hearing, said: hearing.of_author("name")),
    **_group("email", lambda hearing, said: hearing.of_author("email")),
    **_group("url uri homepage", lambda hearing, said: hearing.home_of_author()),
}
_OWNER = _group("name itunes_name email itunes_email", _drop)
_CONTRIBUTOR: dict[str, Begin] = {
    **_group("name", lambda hearing, said: hearing.of_contributor("name")),
    **_group("email", lambda hearing, said: hearing.of_contributor("email")),
    **_group("url uri homepage", lambda hearing, said: hearing.home_of_contributor()),
}


def _author(hearing: Hearing, said: Attributes) -> None:
    hearing.person(_PERSON, "authors")


def _contributor(hearing: Hearing, said: Attributes) -> None:
    hearing.person(_CONTRIBUTOR, "contributors")


def _dc_contributor(hearing: Hearing, said: Attributes) -> None:
    hearing.named_contributor()


#: What has a handler that touches nothing which we look at.
_PASSED = {"generator": _pass_generator} | _group(
    "cloud dc_publisher expirationdate georss_box georss_line "
    "georss_point georss_polygon itunes_block itunes_explicit media_credit media_license media_player media_rating "
    "media_restriction webmaster",
    _pass,
)
_FORGOTTEN = _group("feedburner_browserfriendly info itunes_subtitle subtitle tagline", _content(""))

#: What feeds, entries and the sources of entries have in common.
_COMMON: dict[str, Begin] = {
    **_PASSED,
    **_FORGOTTEN,
    **_group("title dc_title", _content("title")),
    **_group("id", lambda hearing, said: hearing.identifier(permalink=False)),
    **_group("guid", _guid),
    **_group("link", lambda hearing, said: hearing.link(said)),
    **_group("updated modified lastbuilddate dcterms_modified", _keep("updated")),
    **_group("published issued pubdate dcterms_issued", _keep("published")),
    **_group("created dc_date dcterms_created", _keep("created")),
    **_group("author managingeditor dc_author dc_creator itunes_author", _author),
    **_group("contributor", _contributor),
    **_group("dc_contributor", _dc_contributor),
    **_group("rights copyright dc_rights", _content("rights")),
    **_group("language dc_language", _keep("language")),
}
SOURCE: dict[str, Begin] = {
    **_COMMON,
    **_group("category dc_subject keywords", _passed_categories),
}
_MEDIA: dict[str, Begin] = {
    **_group("media_credit media_license media_player media_rating media_restriction", _pass),
    **_group("media_group", _media_group),
    **_group("media_content", _media_content),
    **_group("media_thumbnail", lambda hearing, said: hearing.thumbnail(said)),
    **_group("media_title", _content("media_title")),
    **_group("media_description", _content("media_description")),
    **_group("media_category", _media_category),
    **_group("media_keywords", _bare(lambda hearing, said: hearing.keywords(None))),
}
ENTRY: dict[str, Begin] = {
    **_COMMON,
    **_MEDIA,
    **_group("description dc_description", lambda hearing, said: hearing.summary(said, "text/html")),
    **_group("summary", lambda hearing, said: hearing.summary(said, "text/plain")),
    **_group("itunes_summary", _content("itunes_summary")),
    **_group("content", lambda hearing, said: hearing.src(said)),
    **_group("content_encoded", lambda hearing, said: hearing.body(said, "text/html")),
    **_group("comments", _bare(lambda hearing, said: hearing.keep_address("comments"))),
    **_group("feedburner_origlink", _bare(_keep("feedburner_origlink"))),
    **_group("enclosure", lambda hearing, said: hearing.enclosure(said)),
    **_group("category dc_subject keywords", _category),
    **_group("itunes_category", _itunes_category),
    **_group("itunes_keywords", _bare(lambda hearing, said: hearing.keywords(ITUNES))),
    **_group("itunes_image", lambda hearing, said: hearing.picture(said)),
    **_group("itunes_owner", _owner),
    **_group("image", _entry_image),
    **_group("source", _source),
    **_group("cc_license", _cc_license),
    **_group("creativecommons_license", lambda hearing, said: hearing.license_text()),
}
FEED: dict[str, Begin] = {
    **_COMMON,
    **_group("description dc_description", _content("", "text/html")),
    **_group("itunes_summary", _content("")),
    **_group("category dc_subject keywords media_category itunes_category", _passed_categories),
    **_group("itunes_keywords media_keywords itunes_image cc_license creativecommons_license items", _pass),
    **_group("itunes_owner", _owner),
    **_group("media_thumbnail", lambda hearing, said: hearing.keep_address("href")),
    **_group("ttl", _bare(_keep("ttl"))),
    **_group("sy_updateperiod", _bare(_keep("sy_updateperiod"))),
    **_group("sy_updatefrequency", _bare(_keep("sy_updatefrequency"))),
    **_group("skiphours", lambda hearing, said: hearing.hold(_HOURS)),
    **_group("skipdays", lambda hearing, said: hearing.hold(_DAYS)),
    **_group("image", _image),
    **_group("textinput", _input),
    **_group("item entry", _entry),
}
_HOURS: dict[str, Begin] = {"hour": _bare(lambda hearing, said: hearing.list_up("hours"))}
_DAYS: dict[str, Begin] = {"day": _bare(lambda hearing, said: hearing.list_up("days"))}
_ENTRY_IMAGE: dict[str, Begin] = {
    **_group("title description link width height", _drop),
    "url": lambda hearing, said: hearing.text(hearing.end_entry_image),
}
_IMAGE: dict[str, Begin] = {
    **_group("title", _content("picture")),
    **_group("description", _content("", "text/html")),
    **_group("link url width height", _drop),
}
_INPUT: dict[str, Begin] = {
    **_group("title", _content("picture")),
    **_group("description", _content("", "text/html")),
    **_group("link name", _drop),
}
ROOT: dict[str, Begin] = {"rss": _rss, "feed": _feed, "rdf_rdf": _rdf}
