"""All that an explanation shows, as plain data."""

from dataclasses import dataclass

from symgrad.explain.compiler import Compilation
from symgrad.explain.derive.calculus import CalculusLine
from symgrad.explain.derive.derivation import Node
from symgrad.explain.maths import Maths
from symgrad.explain.readings import Reading
from symgrad.explain.rule import RuleStory
from symgrad.explain.subset import SubsetStory

__all__ = ["ExplanationData"]


@dataclass(frozen=True)
class ExplanationData:
    """What is said about a gradient.

    The attributes are described in :class:`~symgrad.explain.explanation.Explanation`.
    """

    cost: str
    wrt: tuple[str, ...]
    nodes: tuple[Node, ...]
    gradients: tuple[tuple[str, Maths | None], ...]
    calculus: tuple[CalculusLine, ...] = ()
    subsets: tuple[SubsetStory, ...] = ()
    rules: tuple[RuleStory, ...] = ()
    readings: tuple[Reading, ...] = ()
    compilation: Compilation | None = None

    def node(self, id_or_name: str) -> Node:
        """The node with an id or a name."""
        return next(node for node in self.nodes if id_or_name in (node.id, node.name))
