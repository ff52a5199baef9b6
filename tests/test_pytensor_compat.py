"""The private parts of PyTensor that the core relies on are still what they were."""

import inspect
from importlib import import_module

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode, get_mode
from pytensor.link.basic import Container
from pytensor.scan.op import Scan
from pytensor.tensor.elemwise import Elemwise

from symgrad import pytensor_compat as compat

ALL_VERSIONS = [version[:2] for version in map(compat.version_of, compat.CHECKED_ON)]


def test_this_version_was_checked():
    assert compat.VERSION[:2] in ALL_VERSIONS


@pytest.mark.parametrize(
    "private", compat.PRIVATE, ids=lambda private: f"{private.module}.{private.name}"
)
def test_a_private_name_is_there_in_the_versions_that_have_it(private):
    if private.package is not None:
        pytest.importorskip(private.package)
    thing = import_module(private.module)
    for part in private.name.split("."):
        thing = getattr(thing, part, None)
    assert (thing is not None) == private.expected(compat.VERSION)


@pytest.mark.parametrize("rewrite", compat.EXCLUDED_REWRITES, ids=lambda rewrite: rewrite.name)
def test_an_excluded_rewrite_is_registered_in_the_versions_that_have_it(rewrite):
    known = compat.registered_rewrites()
    assert (rewrite.name in known) == rewrite.expected(compat.VERSION)


@pytest.mark.parametrize("name", compat.POSITIONS)
def test_a_rewrite_of_pytensor_stands_where_it_stood(name):
    assert compat.position_of(name) == compat.POSITIONS[name]


def test_versions_as_numbers():
    assert compat.version_of("3.0.7") < compat.version_of("3.2.4rc1") < compat.version_of("3.10")


class TestStorage:
    def test_a_stored_value_is_the_array_itself(self):
        value = np.ones(3)
        shared = pytensor.shared(value, borrow=True)
        assert compat.stored(shared) is value
        assert compat.stored_shape(shared) == (3,)
        compat.store(shared, other := np.zeros(3))
        assert compat.stored(shared) is other
        assert shared.get_value(borrow=True) is other

    def test_a_compiled_function_sees_what_is_stored(self):
        shared = pytensor.shared(np.ones(3))
        f = pytensor.function([], shared.sum(), mode=Mode("py", None))
        compat.store(shared, np.full(3, 2.0))
        assert f() == 6

    def test_the_class_of_a_container_changes_for_compiled_functions_too(self):
        class Doubled(Container):
            def __get__(self):
                return 2 * self.storage[0]

            data = property(__get__, Container.__set__)
            value = property(__get__, Container.__set__)

        shared = pytensor.shared(np.ones(3))
        f = pytensor.function([], shared.sum(), updates={shared: shared + 1}, mode=Mode("py", None))
        compat.convert_container(shared, Doubled)
        assert f() == 3
        assert shared.get_value().tolist() == [4, 4, 4]

    def test_a_linker_sees_no_values_within_the_context(self):
        x, y = pt.vectors("x", "y")
        storage_map = {x: [1], y: [2]}
        with compat.emptied(storage_map, [x]):
            assert storage_map == {x: [None], y: [2]}
        assert storage_map == {x: [1], y: [2]}

    def test_the_values_are_back_after_an_error(self):
        x = pt.vector("x")
        storage_map = {x: [1]}
        with pytest.raises(KeyError), compat.emptied(storage_map, [x]):
            raise KeyError
        assert storage_map == {x: [1]}


def test_the_linkers_of_jax_hand_over_what_ours_changes():
    parameters = inspect.signature(compat.JAXLinker.fgraph_convert).parameters
    assert list(parameters)[:4] == ["self", "fgraph", "input_storage", "storage_map"]
    assert list(inspect.signature(compat.JAXLinker.jit_compile).parameters) == ["self", "fn"]
    assert compat.JAXLinker().scalar_shape_inputs == ()


def test_the_c_linker_repeats_a_function():
    if not pytensor.config.cxx:
        pytest.skip("there is no C++ compiler")
    shared = pytensor.shared(np.array(0))
    f = pytensor.function([], updates={shared: shared + 1}, mode="CVM")
    compat.repeat_in_c(f, 5)
    assert shared.get_value() == 5


def test_a_compiled_function_tells_what_it_updates():
    shared, x = pytensor.shared(np.ones(3)), pt.dscalar("x")
    mode = get_mode("CVM" if pytensor.config.cxx else "NUMBA")
    f = pytensor.function([x], x * 2, updates={shared: shared + x}, mode=mode)
    fgraph = f.maker.fgraph
    assert compat.update_positions(fgraph) == {1: 1}
    assert [spec.variable for spec in f.maker.inputs][1] is shared
    assert fgraph.destroy_handler is not None
    assert f.input_storage[1].storage is shared.container.storage
    assert compat.update_positions(pytensor.function([x], x * 2, mode=mode).maker.fgraph) == {}


def test_the_shapes_of_inputs_come_last():
    x = pt.matrix("x")
    node = x.sum().owner
    assert compat.node_and_shapes((node, [1])) == (node, [1])
    assert compat.node_and_shapes((None, node, [1])) == (node, [1])
    parameters = list(inspect.signature(Elemwise.infer_shape).parameters)[1:]
    older = compat.VERSION < (3, 1)
    assert parameters[: 1 + older] == (["fgraph", "node"] if older else ["node"])
    assert len(parameters) == 2 + older


def test_the_scalar_node_of_an_elemwise_has_c_code():
    node = (pt.dvector("x") * pt.dvector("y")).owner
    scalar = compat.scalar_node(node.op, node)
    assert [variable.type.dtype for variable in scalar.inputs] == ["float64", "float64"]
    code = node.op.scalar_op.c_code(scalar, "name", ["a", "b"], ["c"], {"fail": "", "id": 0})
    assert "a * b" in code


class TestScan:
    @pytest.fixture
    def node(self):
        start = pt.dscalar()
        result = pytensor.scan(lambda x: x + 1, outputs_info=start, n_steps=3, return_updates=False)
        variables = [result]
        while not isinstance(variables[-1].owner.op, Scan):
            variables.append(variables[-1].owner.inputs[0])
        return variables[-1].owner

    def test_older_versions_compile_a_step_in_a_mode_of_its_own(self):
        assert (compat.VERSION < (3, 1)) == compat.STEPS_HAVE_OWN_MODE
        assert ("scan_inner_graph" in compat.registered_rewrites()) != compat.STEPS_HAVE_OWN_MODE

    @pytest.mark.skipif(not compat.STEPS_HAVE_OWN_MODE, reason="Scans have no mode of their own")
    def test_a_scan_takes_a_mode(self, node):
        mode = get_mode("FAST_COMPILE")
        new = compat.scan_in_mode(node.op, mode)
        assert new is not node.op
        assert new.mode is mode
        assert node.op.mode is not mode
        assert len(new.make_node(*node.inputs).outputs) == len(node.outputs)

    def test_a_scan_takes_another_step(self, node):
        step = compat.unfrozen(node.op.fgraph)
        assert step is not node.op.fgraph
        (result,) = step.outputs
        step.replace(result, result * 2, import_missing=True)
        new = compat.scan_with_step(node.op, step)
        assert new.fgraph is step
        assert node.op.fgraph is not step


class TestBLAS:
    def test_reading_whether_a_blas_is_chosen_starts_no_search(self, monkeypatch):
        parameter = type(pytensor.config).blas__ldflags
        monkeypatch.delattr(parameter, "val", raising=False)
        assert not compat.blas_is_chosen()
        assert not hasattr(parameter, "val")

    def test_a_chosen_blas_is_the_one_that_is_linked(self):
        before = pytensor.config.blas__ldflags
        try:
            compat.choose_blas("-lsomething")
            assert compat.blas_is_chosen()
            assert pytensor.config.blas__ldflags == "-lsomething"
        finally:
            compat.choose_blas(before)

    def test_the_header_declares_names_of_blas(self):
        assert "dgemm_(" in compat.blas_header_text()


@pytest.mark.parametrize(("package", "stock"), [("numba", "NUMBA"), ("jax", "JAX")])
def test_what_was_compiled_can_be_called_again(package, stock):
    pytest.importorskip(package)
    x = pt.vector("x", dtype="float32")
    f = pytensor.function([x], x + 1, mode=stock)
    value = np.ones(2, "float32")
    function = compat.jitted(f) if package == "numba" else compat.traced(f)
    assert [list(np.asarray(output)) for output in function(value)] == [[2, 2]]


def test_numba_caches_by_a_key_that_we_give():
    pytest.importorskip("numba")
    parameters = inspect.signature(compat.compile_numba_function_src).parameters
    assert {"src", "function_name", "global_env", "write_to_disk", "cache_key"} <= set(parameters)


def test_other_names_are_not_there():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = compat.no_such_name
