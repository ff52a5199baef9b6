"""``theano.sandbox.cuda``: present, and not available."""

from symgrad.theano.gpuarray import dnn as dnn
from symgrad.theano.names import forward

cuda_available = cuda_enabled = False


class CudaNdarrayType:
    """No variable is of this type."""


class CudaNdarrayVariable:
    """No variable is one of these."""


class CudaNdarraySharedVariable:
    """No variable is one of these."""


class CudaNdarrayConstant:
    """No variable is one of these."""


class CudaNdarray:
    """No value is one of these."""


class GpuOp:
    """No Op is one of these."""


def use(device, *_, **__):
    """Ask for a device: anything but the CPU is refused."""
    if not str(device).startswith("cpu"):
        raise OSError(f"device {device!r}: there is no CUDA backend; use --backend jax on a GPU")


__getattr__ = forward("theano.sandbox.cuda")
