"""Explanations as text, Markdown, HTML, SVG, Mermaid and JSON: pure functions of the data.

Each module imports only from those listed before it:

1. ``markup``: escaped elements; ``label`` and ``mathml``: formulas in SVG and in MathML.
2. ``text``, ``markdown``, ``mermaid`` and ``json``: one format each.
3. ``groups``, ``layout``, ``picture`` and ``svg``: the drawing of the two graphs.
4. ``graphs``, ``steps``, ``gather`` and ``sections``: the parts of a page; ``html``: the page.
"""

from symgrad.explain.render.html import as_html as as_html
from symgrad.explain.render.html import as_piece as as_piece
from symgrad.explain.render.json import as_json as as_json
from symgrad.explain.render.markdown import as_markdown as as_markdown
from symgrad.explain.render.mermaid import as_mermaid as as_mermaid
from symgrad.explain.render.svg import as_svg as as_svg
from symgrad.explain.render.text import as_text as as_text
