"""Why things are as they are: the codes of decisions, each with a sentence for people.

Codes stand in the database for ever: one that was given out is neither renamed nor used for anything else.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What was decided of a copy or a post, and why."""

    MINTED = "minted"
    JOINED_PAGE = "joined-page"
    JOINED_TEXT = "joined-text"
    JOINED_ALIKE = "joined-alike"
    KEPT_APART_OWNER = "kept-apart-owner"
    KEPT_APART_PAGE = "kept-apart-page"
    KEPT_APART_TEXT = "kept-apart-text"
    KEPT_APART_TITLE = "kept-apart-title"
    KEPT_APART_OWN = "kept-apart-own"
    CREDITED_OWNER = "credited-owner"
    ID_NOT_TAKEN = "id-not-taken"
    RENUMBERED = "renumbered"
    MOVED = "moved"
    EDITED = "edited"
    EDIT_LIMITED = "edit-limited"
    ARCHIVED_HISTORY = "archived-history"
    HELD_FUTURE = "held-future"
    HELD_SPIKE = "held-spike"
    HELD_REDATED = "held-redated"
    HELD_ELSEWHERE = "held-elsewhere"
    CAME_DUE = "came-due"
    RELEASED = "released"
    REJECTED = "rejected"
    SPLIT = "split"
    MERGED = "merged"
    RETRACTED = "retracted"
    WITHDRAWN = "withdrawn"
    BARRED = "barred"
    IMPORTED = "imported"


#: What each code says to people.
SENTENCES: dict[Reason, str] = {
    Reason.MINTED: "It became a post of its own.",
    Reason.JOINED_PAGE: "It joined the post of another source whose entry links to the same page.",
    Reason.JOINED_TEXT: "It joined the post of another source that carried the same words under the same title.",
    Reason.JOINED_ALIKE: "It joined a post of its category whose words are much alike.",
    Reason.KEPT_APART_OWNER: (
        "It was kept apart: the page belongs to its source, and other words were published for that page before."
    ),
    Reason.KEPT_APART_PAGE: "It was kept apart: several stories link to its page, so the page tells none of them.",
    Reason.KEPT_APART_TEXT: "It was kept apart: a source repeats these words, so they tell no story.",
    Reason.KEPT_APART_TITLE: "It was kept apart: the words are the same, but the titles are not.",
    Reason.KEPT_APART_OWN: "It was kept apart: the post has another entry of the same source already.",
    Reason.CREDITED_OWNER: "The post is credited to it now: the page is its source's own, the words are the same.",
    Reason.ID_NOT_TAKEN: "Its own id was not taken for the post: it belongs to another source, or to another post.",
    Reason.RENUMBERED: "Its source gave new ids to most of its entries at once; title and words told which this is.",
    Reason.MOVED: "It came back under a new id and a new address; date, title or words told which this is.",
    Reason.EDITED: "Its source changed it, and the post with it.",
    Reason.EDIT_LIMITED: "It changes too often: the change waits until it comes to rest, or for its turn.",
    Reason.ARCHIVED_HISTORY: "It was only archived: it is older than what is published of a source that joins later.",
    Reason.HELD_FUTURE: "It is held: its date is still to come.",
    Reason.HELD_SPIKE: "It is held: it came in a pull of far more new entries than its source is used to bring.",
    Reason.HELD_REDATED: "It is held: its source dates many entries as of this very hour, as a moved feed does.",
    Reason.HELD_ELSEWHERE: "It is held: it leads to another site than all that its source brought before.",
    Reason.CAME_DUE: "Its date has come; it was let in.",
    Reason.RELEASED: "The editor let it in.",
    Reason.REJECTED: "The editor turned it away.",
    Reason.SPLIT: "The editor took it out of the post.",
    Reason.MERGED: "The editor joined two posts to one.",
    Reason.RETRACTED: "It was retracted: its words are gone, and it does not come back.",
    Reason.WITHDRAWN: "Its source deleted it: its words are gone, and it does not come back.",
    Reason.BARRED: "It was turned away: it carries a story that was retracted.",
    Reason.IMPORTED: "It was read back from the file of a post.",
}
