"""Scans whose step is compiled in the mode of the function around it."""

from functools import cache

from pytensor.compile.mode import Mode, get_mode
from pytensor.graph.rewriting.basic import GraphRewriter, dfs_rewriter, node_rewriter
from pytensor.scan.op import Scan

from symgrad.pytensor_compat import scan_in_mode

__all__ = ["scans_in_mode"]


def scans_in_mode(stock: str, *tags: str, excluded: tuple[str, ...] = ()) -> GraphRewriter:
    """The rewrite of Scans that leave their mode to PyTensor.

    PyTensor 3.0 would compile the step in a mode of its own, unsound rewrites included.

    Parameters
    ----------
    stock : str
        PyTensor's mode.
    *tags : str
        What the mode of the step includes.
    excluded : tuple of str
        What it leaves out.
    """

    @cache
    def mode_of_steps() -> Mode:
        return get_mode(stock).including(*tags).excluding(*excluded)

    @node_rewriter([Scan])
    def scan_in_own_mode(fgraph, node):
        if node.op.mode not in (None, "FAST_RUN"):
            return None
        return scan_in_mode(node.op, mode_of_steps()).make_node(*node.inputs).outputs

    return dfs_rewriter(scan_in_own_mode)
