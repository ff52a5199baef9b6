"""An explanation as JSON."""

import dataclasses
import json
import math
from typing import Any

from symgrad.explain.data import ExplanationData
from symgrad.explain.maths import Maths

__all__ = ["as_json"]


def as_json(explanation: ExplanationData) -> str:
    """All public fields. A formula is an object with ``text``, ``latex`` and ``tree``."""
    return json.dumps(_plain(explanation), ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, Maths):
        return {"text": value.plain(), "latex": value.latex(), "tree": value.data()}
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name)) for name in names if not name.startswith("_")}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no notation for infinities and NaN
    return value
