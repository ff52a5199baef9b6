"""Theano's own flags: their defaults, and which have an effect here."""

from typing import Any

__all__ = ["DEFAULTS", "OBEYED", "SILENT", "is_without_effect"]

#: Flags that PyTensor does not have, or that the port keeps for itself, with their defaults.
DEFAULTS: dict[str, Any] = {
    "mode": "Mode",
    "linker": "cvm",
    "optimizer": "fast_run",
    "device": "cpu",
    "force_device": False,
    "init_gpu_device": "",
    "contexts": "",
    "print_active_device": True,
    "print_test_value": False,
    "compute_test_value": "off",
    "compute_test_value_opt": "off",
    "pickle_test_value": True,
    "assert_no_cpu_op": "ignore",
    "reoptimize_unpickled_function": False,
    "cache_optimizations": False,
    "int_division": "int",
    "deterministic": "default",
    "enable_initial_driver_test": True,
    "unpickle_function": True,
    "max_remote_conditions": 0,
    "conv": {"assert_shape": False},
    "scan": {"debug": False},
    "lib": {"cnmem": 0.0, "amdlibm": False},
    "nvcc": {"fastmath": False, "flags": "", "compiler_bindir": "", "cudafe": ""},
    "cuda": {"root": "", "enabled": False, "disabled": "", "include_path": ""},
    "dnn": {
        "enabled": "auto",
        "base_path": "",
        "bin_path": "",
        "include_path": "",
        "library_path": "",
        "conv": {
            "algo_fwd": "small",
            "algo_bwd": True,
            "algo_bwd_filter": "none",
            "algo_bwd_data": "none",
            "precision": "as_input_f32",
            "workmem": True,
            "workmem_bwd": True,
        },
    },
    "gpuarray": {
        "preallocate": 0.0,
        "sched": "default",
        "single_stream": True,
        "sync": False,
        "cache_path": "",
    },
    "gpu": {"local_elemwise_fusion": True},
    "gpuelemwise": {"sync": True},
    "magma": {"enabled": False, "include_path": "", "library_path": ""},
    "experimental": {
        "local_alloc_elemwise": False,
        "local_alloc_elemwise_assert": True,
        "unpickle_gpu_on_cpu": False,
    },
    "metaopt": {"optimizer_including": "", "optimizer_excluding": "", "verbose": 0},
    "numpy": {f"seterr_{kind}": "None" for kind in ("all", "divide", "over", "under", "invalid")},
    "unittests": {"rseed": 666},
    "ctc": {"root": ""},
    "tensor": {"local_elemwise_fusion": True},
    "warn": {"ignore_bug_before": "0.9"}
    | dict.fromkeys(
        (
            "argmax_pushdown_bug",
            "gpusum_01_011_0111_bug",
            "identify_1pexp_bug",
            "sum_sum_bug",
            "sum_div_dimshuffle_bug",
            "subtensor_merge_bug",
            "gpu_set_subtensor1",
            "vm_gc_bug",
            "signal_conv2d_interface",
            "reduce_join",
            "inc_set_subtensor1",
            "inc_subtensor1_opt",
            "round",
        ),
        False,
    ),
}

#: Flags among these that the port reads.
OBEYED = {"mode", "linker", "optimizer", "int_division", "compute_test_value", "conv.assert_shape"}
#: Flags that need no warning: they ask for what is done anyway, such as device=cpu.
SILENT = {"device", "force_device", "base_compiledir", "compiledir", "nvcc.fastmath"}


def is_without_effect(dotted: str) -> bool:
    """Whether a flag is one of Theano's that nothing here reads."""
    default: Any = DEFAULTS
    for part in dotted.split("."):
        default = default.get(part) if isinstance(default, dict) else None
    silent = dotted in OBEYED or dotted in SILENT - {"device"} or dotted.startswith("warn.")
    return default is not None and not isinstance(default, dict) and not silent
