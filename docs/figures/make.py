"""The figures of the pages about symbolic differentiation, drawn by the pages' own code.

A picture in a page shows the explanation ``e`` that the code above it has made.
"""

import contextlib
import io
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "symbolic-differentiation.md"
CODE_OR_PICTURE = re.compile(
    r"^```python\n(.*?)^```$|^!\[[^\]]*\]\(figures/(\S+\.svg)\)$", re.MULTILINE | re.DOTALL
)


def figures(page=PAGE):
    """``(name, drawing)`` of each picture in a page, in order."""
    names = {"__name__": "page"}
    for code, picture in CODE_OR_PICTURE.findall(page.read_text(encoding="utf-8")):
        if picture:
            yield picture, names["e"].svg()
        else:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(code, str(page), "exec"), names)


def main():
    """Write all figures, and say where."""
    for name, drawing in figures():
        (HERE / name).write_text(drawing, encoding="utf-8")
        print(HERE / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
