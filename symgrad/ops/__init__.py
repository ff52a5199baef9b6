"""The Ops of symgrad: each with its C code and its Numba and JAX forms in one file."""
