"""``theano.scan_module.scan_utils``: clones with replacements, and the end of a loop."""

from pytensor.graph.basic import Constant
from pytensor.graph.replace import clone_replace
from pytensor.scan.utils import until as until
from pytensor.tensor import as_tensor_variable

from symgrad.theano.names import forward
from symgrad.theano.scan_module.map_variables import map_variables as map_variables


def clone(output, replace=None, strict=True, share_inputs=True, copy_inputs=None):
    """Copy a graph, with variables replaced.

    Parameters
    ----------
    output : variable or list of variables
    replace : mapping or list of pairs, optional
    strict : bool
        Whether a replacement must have the type of what it replaces.
    share_inputs : bool
        Whether the copy has the same inputs; False copies these, too.
    copy_inputs : bool, optional
        The older name of `share_inputs`.
    """
    share_inputs = share_inputs if copy_inputs is None else copy_inputs
    pairs = list(replace.items()) if hasattr(replace, "items") else list(replace or ())
    replace = {
        old: _of_type(old, new) if strict else new
        for old, new in pairs
        if not isinstance(old, Constant)
    }
    return clone_replace(output, replace, rebuild_strict=strict, copy_inputs_over=share_inputs)


def _of_type(old, new):
    return old.type.filter_variable(new if hasattr(new, "type") else as_tensor_variable(new))


__getattr__ = forward("theano.scan_module.scan_utils", "pytensor.scan.utils", "pytensor.scan.basic")
