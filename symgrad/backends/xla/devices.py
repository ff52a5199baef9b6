"""Shared variables whose values lie on a JAX device, and NumPy for whoever reads them."""

from typing import Any

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable

from symgrad.pytensor_compat import Container, convert_container, store, stored

__all__ = ["HostContainer", "to_device"]


class HostContainer(Container):
    """The container of a shared variable whose value may lie on a JAX device.

    Reading the value gives NumPy, and leaves NumPy in the storage.
    """

    def __get__(self) -> Any:
        import jax

        value = self.storage[0]
        if not isinstance(value, np.ndarray) and isinstance(value, jax.Array):
            self.storage[0] = value = np.array(value)
        return value

    data = property(__get__, Container.__set__)
    value = property(__get__, Container.__set__)


def to_device(shared: SharedVariable) -> None:
    """Move the value of a shared variable to the device; the user's own array is not touched."""
    import jax.numpy as jnp

    convert_container(shared, HostContainer)
    if isinstance(stored(shared), np.ndarray):
        # Waiting for each copy keeps the tables of a function from being in flight all at once.
        store(shared, jnp.array(stored(shared), copy=True).block_until_ready())
