"""Titles and bodies that break careless writers and readers of front-matter posts."""

from __future__ import annotations

import random

TITLES = (
    """It's "quoted": a title with ' and " and: colons [1/2] #hash""",
    "两种引号 ' 和 \"，冒号：和: 换行\n---\n分隔线",
    "---",
    "...",
    "line\r\nbreak\rand\ttab",
    "# no comment",
    "- item",
    "key: value",
    "draft: true\nlayout: false\npermalink: /stolen/",
    '"\nlayout: false\n"',
    "'\nlayout: false\n'",
    "\\",
    '\\"',
    "C:\\new\\table \\x41 \\u0041 \\N",
    " leading and trailing ",
    "\u3000\u00a0 wide blanks \u00a0\u3000",
    "{{ 7 * 7 }} and {% raw %} and {# comment #}",
    "<script>alert(1)</script> & &amp; &#123;",
    "[a, b]",
    "{a: b}",
    "&anchor",
    "*alias",
    "!tag",
    "%directive",
    "@at",
    "`tick",
    "| folded >",
    "? question",
    "null",
    "~",
    "on",
    "0123",
    "1_000",
    "12:30:45",
    "2024-03-05",
    "1e3",
    "=",
    "<<",
    "😀 \U0001f1e8\U0001f1f3 👩‍👩‍👧 \U0001fffe",
    "\u202e从右到左\u202c \u200f \u2067x\u2069",
    "\ufeffmark\ufeff",
    "a\u2028b\u2029c\x85d\x0be\x0cf",
    "\x00\x07\x1b[31m\x7f\x9f",
    "\ufffc \ufffd \ufff9 \ufdd0 \uffff",
    "x" * 2000 + ": " + "长" * 2000,
    "",
)

#: Clean HTML, as ``sanitise`` leaves it, and some that an older version of its parser would leave.
BODIES = {
    "code": "<pre><code>const a = {{ b }}; {% raw %}{{ 7 * 7 }}{% endraw %} {# gone? #}</code></pre>",
    "tags": "<p>{% include 'x' %}{% endraw %}{% unknown %} {{ page.title }} { { } } {{{{ }}</p>",
    "blank lines": "<pre>\n\nfirst\n\n\n   \n\t\nlast\n</pre><p>next</p>\n\n<p>after</p>",
    "markdown": '<p>*a* **b** _c_ ~~d~~ [e](https://example.org/) ![f](g.png) -- "h" ...</p>\n\n*j*\n\n# k\n- l\n> m',
    "fences": "<p>before</p>\n```js\nlet a = {{ b }};\n```\n~~~\nc\n~~~~\n- ```\n> ```\n<p>after</p>",
    "indented": "<p>before</p>\n\n    four blanks\n\n\ttab\n\n<p>after</p>",
    "inline code": "<p>`{{ a }}` and ``{% b %}`` and `</p>",
    "attributes": '<p><img alt="{{ a }}\n\n``` b" src="https://example.org/~~~/c.png"><a title="{% d %}">e</a></p>',
    "comments": '<p title="<!-- more -->">a</p><p>&lt;!-- more --&gt;</p><p title="<!--">b</p>',
    "marks": "<p>&lt;!--swig\ufffc0--&gt; &lt;!--code\ufffc1--&gt; &lt;!--comment\ufffc2--&gt; \ufffc</p>",
    "marked code": "<p>&lt;hexoPostRenderCodeBlock&gt;a&lt;/hexoPostRenderCodeBlock&gt;</p>",
    "front matter": "<p>a</p>\n---\nlayout: false\n---\n;;;\n<p>b</p>",
    "dollars": "<p>$&amp; $1 $` $' $$ \\1 \\g&lt;0&gt;</p>",
    "entities": "<p>&amp;#123; &amp;lt; &lt;b&gt; &amp;amp; &nbsp;</p>",
    "separators": "<p>a\u2028\n\u2028\n```\u2029~~~\n\u3000\n\u00a0\n\x85\nb</p>",
    "carriage returns": "<p>a\r\rb\r\n\r\nc</p>",
    "ends": "\n\n<p>a</p>\n\n",
    "text": "no element at all\n\n* but a list",
    "nothing": "",
}

_PIECES = (
    *(
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{",
        "}",
        "raw",
        "endraw",
        "```",
        "``",
        "`",
        "~~~",
        "\n",
        "\n\n",
        " ",
        "    ",
    ),
    *("\t", "*", "_", "#", "-", "1. ", "&gt;", "&lt;!--", "--&gt;", "swig\ufffc0", "more", "---", ";;;", "|", "[a](b)"),
    *("<p>", "</p>", "<pre>", "</pre>", "<code>", "</code>", "<br>", "a", "文", "$&amp;", "'", "&#34;", "\u2028", "\\"),
)


def mixtures(count: int) -> list[str]:
    """Return ``count`` bodies made of what means something to HTML, Markdown and templates; always the same."""
    chance = random.Random(20211123)
    return ["".join(chance.choices(_PIECES, k=chance.randint(1, 40))) for _ in range(count)]
