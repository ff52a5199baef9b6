"""An explanation as JSON."""

import dataclasses
import json
import math

from symgrad.explain.maths import Maths

__all__ = ["as_json"]


def as_json(explanation):
    """All public fields; a formula is an object with ``text``, ``latex`` and ``tree``."""
    return json.dumps(_plain(explanation), ensure_ascii=False, indent=2)


def _plain(one):
    if isinstance(one, Maths):
        return {"text": one.plain(), "latex": one.latex(), "tree": one.data()}
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return {name: _plain(getattr(one, name)) for name in names if not name.startswith("_")}
    if isinstance(one, (list, tuple)):
        return [_plain(item) for item in one]
    if isinstance(one, float) and not math.isfinite(one):
        return str(one)  # JSON has no word for these
    return one
