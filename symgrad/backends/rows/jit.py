"""What Numba and JAX run for :class:`~symgrad.backends.rows.op.RowUpdate`."""

from hashlib import sha256

import numpy as np

from symgrad.ops.coalesce import Coalesce

__all__ = ["register_jax", "register_numba"]

_VERSION = 1


def register_numba(op_type):
    """Tell Numba how to run the Op."""
    from pytensor.link.numba.cache import compile_numba_function_src
    from pytensor.link.numba.dispatch import basic

    @basic.register_funcify_and_cache_key(op_type)
    def numba_funcify_RowUpdate(op, node, **kwargs):
        laws = [
            basic.numba_funcify_and_cache_key(stage.law, node=stage.apply_node())
            for stage in op.stages
        ]
        if op.summed is not None:
            _, (index,), length, operands = op.split(node.inputs)
            applied = Coalesce().make_node(index, operands[op.summed], length)
            laws.append(basic.numba_funcify_and_cache_key(applied.op, node=applied))
        source = _Source(op, node).text()
        keys = [key for _, key in laws]
        key = None
        if None not in keys:
            key = sha256(repr((_VERSION, source, keys)).encode()).hexdigest()
        names = {f"law{k}": law for k, (law, _) in enumerate(laws)}
        function = compile_numba_function_src(
            source,
            "row_update",
            {"np": np} | names,
            write_to_disk=True,
            cache_key=key,
        )
        return basic.numba_njit(function), key


class _Source:
    """The Python source of a loop over the rows."""

    def __init__(self, op, node):
        self.op, self.values = op, op.values(node)
        tables, indices, length, operands = op.split(node.inputs)
        self.n_tables, self.n_indices = len(tables), len(indices)
        self.types = [one.type for one in [*tables, *operands]]
        self.given = range(len(self.types))
        self.ndim = tables[0].type.ndim
        self.wide = [k for k in self.given if self.values[k][0] == "entry"]
        self.has_length = length is not None

    def text(self):
        indices = [f"i{k}" for k in range(self.n_indices)] + ["length"] * self.has_length
        names = [f"t{k}" for k in self.given]
        arguments = [*names[: self.n_tables], *indices, *names[self.n_tables :]]
        results = ", ".join(f"t{k}" for k in range(self.op.n_written))
        body = [*self.checks(), *self.start(), "for i in range(n):", *_indented(self.row())]
        lines = [*body, f"return {results}"]
        return "\n".join([f"def row_update({', '.join(arguments)}):", *_indented(lines)])

    def index(self, k):
        return f"i{self.op.index_of[k]}"

    def checks(self):
        """All that can fail, before the first row is written."""
        yield "n = len(i0)"
        equal = [f"len(i{k}) == n" for k in range(1, self.n_indices)]
        equal += [
            f"t{k}.shape[{axis}] == t{self.wide[0]}.shape[{axis}]"
            for k in self.wide[1:]
            for axis in range(1, self.ndim)
        ]
        for k in self.given[self.n_tables :]:
            if k - self.n_tables != self.op.summed and self.varies(k):
                equal.append(f"len(t{k}) == n")
        if equal:
            yield f"if not ({' and '.join(equal)}):"
            yield '    raise ValueError("row update: the index and the rows do not have one shape")'
        if self.op.summed is not None:
            summed = f"t{self.n_tables + self.op.summed}"
            yield f"i0, {summed}, _ = law{len(self.op.stages)}(i0, {summed}, length)"
            yield "n = len(i0)"
        for k in range(self.n_tables):
            yield f"for row in {self.index(k)}:"
            yield f"    if row < -len(t{k}) or row >= len(t{k}):"
            yield '        raise IndexError("row update: an index is out of range")'

    def varies(self, k):
        return self.types[k].ndim > 0 and self.types[k].shape[0] != 1

    def start(self):
        if not self.op.inplace:
            yield from (f"t{k} = t{k}.copy()" for k in range(self.op.n_written))
        for k in self.given:
            if self.values[k][0] == "call":
                yield f"v{k} = t{k}.item()" if not self.types[k].ndim else f"v{k} = {self.at(k, 0)}"

    def at(self, k, row):
        return f"t{k}[{', '.join([str(row)] + ['0'] * (self.types[k].ndim - 1))}]"

    def place(self, k):
        """The row of table k, or of an operand."""
        if k < self.n_tables:
            return f"r{k}"
        return "i" if self.varies(k) or k - self.n_tables == self.op.summed else "0"

    def row(self):
        for k in range(self.n_tables):
            yield f"r{k} = {self.index(k)}[i]"
            yield f"if r{k} < 0:"
            yield f"    r{k} += len(t{k})"
        for k in self.given:
            if k in self.wide:
                yield f"x{k} = t{k}[{self.place(k)}]"
            elif self.values[k][0] == "row":
                yield f"v{k} = {self.at(k, self.place(k))}"
        number, entries = len(self.given), []
        for at, stage in enumerate(self.op.stages):
            outputs = range(number, number := number + len(stage.dtypes))
            call = f"law{at}({', '.join(f'v{k}' for k in stage.reads)})"
            if stage.kind == "row":
                yield f"{', '.join(f'v{k}' for k in outputs)} = {call}"
            elif stage.kind == "sum":
                yield from self.sum(stage, outputs, call)
            else:
                entries = [f"{', '.join(f'v{k}' for k in outputs)} = {call}"]
        yield from self.write(entries)

    def loads(self):
        return [f"v{k} = x{k}[{self.entry()}]" for k in self.wide]

    def entry(self):
        return ", ".join(f"j{axis}" for axis in range(1, self.ndim))

    def loop(self, body):
        """Nested loops over the entries of a row."""
        for axis in range(self.ndim - 1, 0, -1):
            body = [f"for j{axis} in range(t{self.wide[0]}.shape[{axis}]):", *_indented(body)]
        return body

    def sum(self, stage, outputs, call):
        for k, (inner, _) in zip(outputs, stage.sums, strict=True):
            yield f"a{k} = np.{inner}(0)"
        names = [f"s{k}" for k in outputs]
        added = [f"a{k} += s{k}" for k in outputs]
        yield from self.loop([*self.loads(), f"{', '.join(names)} = {call}", *added])
        for k, (_, dtype) in zip(outputs, stage.sums, strict=True):
            yield f"v{k} = np.{dtype}(a{k})"

    def write(self, entries):
        rows = []
        for k, (new, adds) in enumerate(zip(self.op.new, self.op.adds, strict=True)):
            sign = "+=" if adds else "="
            if k in self.wide:
                entries = [*entries, f"x{k}[{self.entry()}] {sign} v{new}"]
            else:
                rows.append(f"{self.at(k, f'r{k}')} {sign} v{new}")
        return [*(self.loop([*self.loads(), *entries]) if entries else []), *rows]


def _indented(lines):
    return ["    " + line for line in lines]


def register_jax(op_type):
    """Tell JAX how to run the Op."""
    import jax.numpy as jnp
    from pytensor.link.jax.dispatch.basic import jax_funcify

    @jax_funcify.register(op_type)
    def jax_funcify_RowUpdate(op, node, **kwargs):
        laws = [jax_funcify(stage.law, node=stage.apply_node()) for stage in op.stages]
        ndim = node.inputs[0].type.ndim

        def row_update(*inputs):
            tables, indices, length, operands = op.split([jnp.asarray(one) for one in inputs])
            if op.summed is not None:
                sums = jax_funcify(Coalesce(), node=None)
                rows, summed, _ = sums(indices[0], operands[op.summed], length)
                indices, operands = [rows], list(operands)
                operands[op.summed] = summed
            rows = [indices[at] for at in op.index_of]
            values = [table[at] for table, at in zip(tables, rows, strict=True)]
            values += [
                one.reshape(-1, *[1] * (ndim - 1)) if one.ndim == 1 else one for one in operands
            ]
            for stage, law in zip(op.stages, laws, strict=True):
                found = law(*(values[at] for at in stage.reads))
                found = list(found) if isinstance(found, (tuple, list)) else [found]
                if stage.kind == "sum":
                    axes = tuple(range(1, ndim))
                    found = [
                        jnp.sum(one, axis=axes, dtype=inner, keepdims=True).astype(dtype)
                        for one, (inner, dtype) in zip(found, stage.sums, strict=True)
                    ]
                values += found
            written = [
                table.at[at].add(values[new]) if adds else table.at[at].set(values[new])
                for table, at, new, adds in zip(tables, rows, op.new, op.adds)  # noqa: B905
            ]
            return written if len(written) > 1 else written[0]

        return row_update
