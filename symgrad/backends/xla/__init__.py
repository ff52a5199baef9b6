"""The JAX backend: XLA updates donated tables in place."""
