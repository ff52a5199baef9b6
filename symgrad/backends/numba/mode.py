"""The Numba backend."""

from functools import cache

from pytensor.compile.mode import get_mode

from symgrad.backends.rewrites import with_symgrad_rewrites

__all__ = ["looped", "numba_mode"]


@cache
def numba_mode():
    """The Mode of ``backend="numba"``."""
    return with_symgrad_rewrites(get_mode("NUMBA")).including("symgrad_numba")


def looped(compiled, checks=()):
    """As :func:`symgrad.backends.c.mode.looped`, by a compiled loop around the compiled step."""
    from pytensor.link.numba.dispatch.basic import numba_njit

    updates = compiled.maker.fgraph.update_mapping
    updated = list(updates.values())
    storage = [container.storage for container in compiled.input_storage]
    fixed = [k for k in range(len(storage)) if k not in updated]
    names = {k: f"fixed[{at}]" for at, k in enumerate(fixed)}
    names |= {k: f"state[{at}]" for at, k in enumerate(updated)}
    # What was done before an error is kept: most of the state is not updated in place.
    source = f"""
def loop(times, fixed, state):
    for _ in range(times):
        try:
            new = step({", ".join(names[k] for k in range(len(storage)))})
        except Exception:
            return state
        state = ({"".join(f"new[{k}], " for k in updates)})
    return state
"""
    scope = {"step": compiled.vm.jit_fn}
    exec(source, scope)
    loop = numba_njit(scope["loop"], final_function=True)

    def repeat(inputs, times):
        for container, value in zip(compiled.input_storage, inputs, strict=False):
            container.value = value
        values = [one[0] for one in storage]
        state = loop(times, tuple(values[k] for k in fixed), tuple(values[k] for k in updated))
        for k, value in zip(updated, state, strict=True):
            storage[k][0] = value

    return repeat
