"""``theano.compile.io``: inputs with defaults, names and updates, and outputs."""

import copy

import pytensor.compile.io as pytensor_io
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.link.basic import Container

from symgrad.theano.broadcast import widened
from symgrad.theano.names import forward

Out = SymbolicOutput = pytensor_io.Out
SymbolicInput = pytensor_io.SymbolicInput


class In(pytensor_io.In):
    """An input of a function.

    Parameters
    ----------
    variable : variable
    name : str, optional
        The name of the argument. Default: the name of the variable.
    value : optional
        The default. With `update`, the first value of a state that stays between calls.
    update : variable, optional
        The value of the state after a call.
    mutable, borrow : bool, optional
        Whether the call may overwrite the value, and whether an output may share its memory.
    strict, allow_downcast, autoname, implicit, shared
        As in :class:`pytensor.In`.
    """

    def __init__(self, variable, name=None, value=None, update=None, **options):
        if isinstance(value, Variable) and not isinstance(value, SharedVariable):
            raise TypeError(f"In({variable}): a default is a value, or a container, not a graph")
        self.has_default = value is not None and not isinstance(value, (Container, SharedVariable))
        if self.has_default:
            value = _contained(variable, value, options)
            options["implicit"] = bool(options.get("implicit"))
        if update is not None and not isinstance(update, Variable):
            update = variable.type.constant_type(variable.type, update)
        if update is not None:
            update = variable.type.filter_variable(update, allow_convert=True)
            update = widened(update, variable.type)
        super().__init__(variable, name=name, value=value, update=update, **options)

    def __copy__(self):
        """Copy the value, too: each function made from the input has a value of its own."""
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        if self.has_default:
            options = {"strict": self.strict, "allow_downcast": self.allow_downcast}
            copied.value = _contained(self.variable, copy.copy(self.value.storage[0]), options)
        return copied


def _contained(variable, value, options):
    container = Container(
        variable,
        storage=[None],
        strict=options.get("strict", False),
        allow_downcast=options.get("allow_downcast"),
    )
    container.value = value
    return container


__getattr__ = forward("theano.compile.io", "pytensor.compile.io")
