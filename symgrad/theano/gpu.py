"""What programs ask of Theano's GPU backends: the names are there, and say that there is no GPU."""

pygpu = None
pygpu_activated = cuda_available = cuda_enabled = False


def dnn_available(context_name=None):
    """Whether cuDNN can be used: no."""
    return False


def dnn_present():
    """Whether cuDNN is installed: no."""
    return False


for _function in (dnn_available, dnn_present):
    vars(_function)["msg"] = "there is no libgpuarray"


class ContextNotDefined(ValueError):
    """There is no such device."""


def get_context(name):
    """Raise ContextNotDefined: no device is managed here."""
    raise ContextNotDefined(f"context name {name} not defined: there is no libgpuarray")


def list_contexts():
    """The devices: none."""
    return []


def use(device, *_, **__):
    """Choose a device; raise OSError for any but the CPU."""
    if not str(device).startswith("cpu"):
        raise OSError(f"device {device!r}: there is no CUDA backend; use --backend jax on a GPU")


class GpuArrayType:
    """No variable is of this type."""


class GpuArrayVariable:
    """No variable is of this class."""


class GpuArrayConstant:
    """No constant is of this class."""


class GpuArraySharedVariable:
    """No shared variable is of this class."""


class CudaNdarrayType:
    """No variable is of this type."""


class CudaNdarrayVariable:
    """No variable is of this class."""


class CudaNdarraySharedVariable:
    """No shared variable is of this class."""


class CudaNdarrayConstant:
    """No constant is of this class."""


class CudaNdarray:
    """No value is of this class."""


class GpuOp:
    """No Op is of this class."""
