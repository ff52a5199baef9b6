"""Explanations as text, Markdown, pages, drawings and data: pure functions of the data."""

from symgrad.explain.render.html import as_html as as_html
from symgrad.explain.render.html import as_piece as as_piece
from symgrad.explain.render.json import as_json as as_json
from symgrad.explain.render.markdown import as_markdown as as_markdown
from symgrad.explain.render.mermaid import as_mermaid as as_mermaid
from symgrad.explain.render.svg import as_svg as as_svg
from symgrad.explain.render.text import as_text as as_text
