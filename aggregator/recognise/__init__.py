"""Recognising: values in, decisions out.  No room of these knows the database, the network or the clock.

``entries``   which entries of a document its source brought before
``renumbering``   those that came back under other names
``making``    what they make, the one step that reads markup
``changes``   what of them is news, and what is to be written
``edits``     which changes wait
``deletions`` which entries their source deletes
``newcomers`` what is new, as admission looks at it
``ownership`` whose page it is
``stories``   which copies of several sources are one story (``grouping``), by ``rules``
``alike``     which texts are much alike, where a category asks for that
``minting``   what posts are called
``importing`` what the files of posts make
"""
