"""The elements that feedparser takes note of: what none of the tables of ``elements`` has makes the lane step aside."""

from __future__ import annotations

#: What feedparser has handlers for, and ours in ``reader``: what no table of ``elements`` has lets the lane step aside.
_HANDLED = """
abstract author body category cc_license channel cloud content content_encoded contributor copyright created
creativeCommons_license creativecommons_license day dc_author dc_contributor dc_creator dc_date dc_description
dc_language dc_publisher dc_rights dc_subject dc_title dcterms_created dcterms_issued dcterms_modified
dcterms_valid description email enclosure entry expirationdate feed feedburner_browserfriendly fullitem
generator geom georss_box georss_line georss_point georss_polygon georss_where georssgeom gml_exterior
gml_linearring gml_linestring gml_point gml_polygon gml_pos gml_poslist guid height homepage hour id image info
issued item itunes_author itunes_block itunes_category itunes_email itunes_explicit itunes_image itunes_keywords
itunes_link itunes_name itunes_owner itunes_subtitle itunes_summary keywords language lastbuilddate link
managingeditor media_category media_content media_credit media_description media_group media_keywords
media_license media_player media_rating media_restriction media_thumbnail media_title modified name newlocation
psc_chapter psc_chapters pubdate published rights rss source subtitle summary tagline tags textInput textinput
title updated uri url webmaster where width xhtml_body
"""
#: Keys that feedparser or we look at, as which an element without a handler is kept.
_KEYS = """
author_detail authors comments contributors copyright_detail created_parsed date date_parsed description_detail
entries feedburner_origlink generator_detail guidislink hours href issued_parsed items itunes_summary_detail
days license links media_description_detail modified_parsed publisher publisher_detail publishers
published_parsed rights_detail subtitle_detail summary_detail sy_updatefrequency sy_updateperiod tagline_detail
title_detail ttl updated_parsed
"""
HANDLED = frozenset(_HANDLED.split())
HEEDED = HANDLED.union(_KEYS.split())
