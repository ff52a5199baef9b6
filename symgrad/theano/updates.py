"""``theano.updates``: updates of shared variables, in order."""

from collections import OrderedDict

from pytensor.compile.sharedvalue import SharedVariable

__all__ = ["OrderedUpdates"]


class OrderedUpdates(OrderedDict):
    """``{shared variable: new expression}``; two of them can be added if they agree."""

    def __init__(self, *pairs, **_):
        super().__init__()
        self.update(*pairs)

    def __setitem__(self, key, value):
        if not isinstance(key, SharedVariable):
            raise TypeError("OrderedUpdates keys must be shared variables", key)
        super().__setitem__(key, value)

    def update(self, *others):  # type: ignore[override]
        """Add the updates of `others`, which may not contradict those here."""
        for other in others:
            pairs = other.items() if hasattr(other, "items") else other
            for key, value in pairs:
                if key in self and self[key] is not value:
                    raise KeyError("Collision", key)
                self[key] = value

    def __add__(self, other):
        total = OrderedUpdates(self)
        total.update(other)
        return total

    def __radd__(self, other):
        total = OrderedUpdates(other)
        total.update(self)
        return total
