"""How a gradient is derived, executed and compiled, line by line."""

from symgrad.explain.explain import explain as explain
from symgrad.explain.explanation import Explanation as Explanation
from symgrad.explain.notation import notation as notation
