"""Recognising: values in, decisions out.  No room of these knows the database, the network or the clock.

``entries``   which entries of a document its source brought before
``changes``   what of them is news, and what is to be written
``stories``   which copies of several sources are one story
"""
