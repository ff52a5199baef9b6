"""The C code of :class:`~symgrad.backends.rows.op.RowUpdate`."""

from collections.abc import Iterator, Sequence

from pytensor import config
from pytensor.graph.basic import Apply

from symgrad.backends.rows.program import RowProgram
from symgrad.backends.rows.stages import Stage
from symgrad.ops.coalesce import C_GROUP_ROWS

__all__ = ["SUPPORT", "VERSION", "kernel", "update"]

VERSION = 5

# How many rows ahead to fetch from memory.
_AHEAD = 12


def kernel(op: RowProgram, node: Apply, name: str) -> str:
    """The C function that works on one row, and the support code of its stages.

    Values have numbers. A value that differs within a row is behind a pointer ``x``; inside of the
    loops, and for all other values, it is a scalar ``v``.
    """
    values = op.values(node)
    number = n_given = op.n_tables + len(op.split(node.inputs)[-1])
    parameters: list[str] = []
    body: list[str] = []
    support: list[str] = []
    for k, (level, dtype) in enumerate(values[:n_given]):
        const = "" if k < op.n_written else "const "
        is_scalar = level == "call"
        parameters.append(f"{const}npy_{dtype} " + (f"v{k}" if is_scalar else f"*__restrict x{k}"))
        if level == "row":
            body.append(f"const npy_{dtype} v{k} = *x{k};")
    entry_code: list[str] = []
    entry_reads: tuple[int, ...] = ()
    for at, stage in enumerate(op.stages):
        applied, label = stage.apply_node(), f"{name}_stage{at}"
        outputs = range(number, number := number + len(stage.dtypes))
        support.append(stage.scalar_op.c_support_code_apply(applied, label))
        code = _code(stage, applied, label, outputs)
        if stage.kind == "row":
            body += code
        elif stage.kind == "sum":
            body += _sum(stage, outputs, code, values)
        else:
            entry_code, entry_reads = code, stage.reads
    body += _write(op, values[:n_given], entry_code, entry_reads)
    # Not inline: GCC would forget there that the pointers are restrict, and use no vectors.
    head = f"SYMGRAD_ALONE void {name}_row({', '.join(parameters)}, const npy_intp width)"
    return "\n".join([*support, head, "{", *body, "}"])


def _code(stage: Stage, applied: Apply, label: str, outputs: Sequence[int]) -> list[str]:
    """Declarations of the outputs of a stage, and the code that computes them."""
    names = [f"v{k}" for k in outputs]
    if stage.kind == "sum":
        names = [f"s{k}" for k in outputs]
    ctypes = [type_.dtype_specs()[1] for type_ in stage.scalar_op.outputs_type]
    # What can fail is not fused.
    sub = {"fail": "", "id": label}
    code = stage.scalar_op.c_code(applied, label, [f"v{k}" for k in stage.reads], names, sub)
    return [*(f"{ctype} {name};" for ctype, name in zip(ctypes, names, strict=True)), code]


def _sum(
    stage: Stage, outputs: Sequence[int], code: list[str], values: list[tuple[str, str]]
) -> list[str]:
    totals = list(zip(outputs, stage.sums, strict=True))
    return [
        *(f"npy_{inner} a{k} = 0;" for k, (inner, _) in totals),
        f"#pragma omp simd reduction(+:{', '.join(f'a{k}' for k in outputs)})",
        "for (npy_intp j = 0; j < width; j++) {",
        *_loads(stage.reads, values),
        *code,
        *(f"a{k} += s{k};" for k in outputs),
        "}",
        *(f"const npy_{dtype} v{k} = a{k};" for k, (_, dtype) in totals),
    ]


def _write(
    op: RowProgram, given: list[tuple[str, str]], code: list[str], reads: Sequence[int]
) -> list[str]:
    """Assign the new entries of the row, and the new value of tables with one number per row."""
    entries: list[str] = []
    rows: list[str] = []
    needed = set(reads)
    for k, (new, adds) in enumerate(zip(op.new, op.adds, strict=True)):
        sign = "+=" if adds else "="
        if given[k][0] == "entry":
            entries.append(f"x{k}[j] {sign} v{new};")
            needed.add(new)
        else:
            rows.append(f"*x{k} {sign} v{new};")
    if entries:
        loads = _loads(sorted(k for k in needed if k < len(given)), given)
        start = ["#pragma GCC ivdep", "for (npy_intp j = 0; j < width; j++) {"]
        entries = [*start, *loads, *code, *entries, "}"]
    return entries + rows


def _loads(numbers: Sequence[int], values: list[tuple[str, str]]) -> list[str]:
    entries = [k for k in numbers if values[k][0] == "entry"]
    return [f"const npy_{values[k][1]} v{k} = x{k}[j];" for k in entries]


def update(
    op: RowProgram,
    node: Apply,
    name: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    sub: dict,
) -> str:
    """The C code of a call: checks, then the kernel for each row."""
    tables, indices, length, operands = op.split(inputs)
    types = [operand.type for operand in op.split(node.inputs)[-1]]
    parts = _Parts(op, op.values(node), tables, indices, operands, types)
    return UPDATE.format(
        name=name,
        n_own=len(indices) + len(operands),
        own="\n".join(parts.own()),
        n_scratch=op.n_tables + 1,
        index=indices[0],
        width=parts.width(),
        fits=" && ".join(parts.fits()),
        one_each=parts.one_each(),
        group=parts.group(length),
        ranges="\n".join(parts.ranges()),
        tables="\n".join(parts.copies()),
        ahead=_AHEAD,
        prefetch="\n".join(parts.prefetch()),
        pointers="\n".join(parts.pointers()),
        arguments=", ".join(parts.arguments()),
        back="\n".join(parts.back()),
        results="\n".join(
            f"Py_XDECREF({output}); {output} = T{k}; T{k} = NULL;"
            for k, output in enumerate(outputs)
        ),
        declared=" ".join(f"PyArrayObject *T{k} = NULL;" for k in range(op.n_tables)),
        released=" ".join(f"Py_XDECREF(T{k});" for k in range(op.n_tables)),
        parallel=_parallel(op),
        threads="omp_get_max_threads()" if op.openmp and op.distinct else "1",
        thread="omp_get_thread_num()" if op.openmp and op.distinct else "0",
        fail=sub["fail"],
    )


def _parallel(op: RowProgram) -> str:
    if not (op.openmp and op.distinct):
        return ""
    size = config.openmp_elemwise_minsize
    return f"#pragma omp parallel for schedule(static) if (n_rows * width >= {size})"


class _Parts:
    """Pieces of the C code of a call, one for each table, index or operand."""

    def __init__(
        self,
        op: RowProgram,
        values: list[tuple[str, str]],
        tables: Sequence[str],
        indices: Sequence[str],
        operands: Sequence[str],
        types: Sequence,
    ) -> None:
        self.op, self.values = op, values
        self.levels = [level for level, _ in values]
        self.tables, self.indices, self.operands, self.types = tables, indices, operands, types
        self.given = [*tables, *operands]
        self.wide = [k for k in range(len(self.given)) if self.levels[k] == "entry"]
        self.wide_tables = [k for k in self.wide if k < op.n_tables]

    def _index(self, k: int) -> str:
        """The C array that holds the rows of table k."""
        return "rows" if self.op.summed is not None else f"i{self.op.index_of[k]}"

    def own(self) -> Iterator[str]:
        """Indices and operands without gaps."""
        names = [f"i{k}" for k in range(len(self.indices))]
        names += [f"b{k + self.op.n_tables}" for k in range(len(self.operands))]
        dtypes = ["int64"] * len(self.indices)
        dtypes += [dtype for _, dtype in self.values[self.op.n_tables : len(self.given)]]
        for at, (name, array, dtype) in enumerate(
            zip(names, [*self.indices, *self.operands], dtypes, strict=True)
        ):
            yield (
                f"own[{at}] = (PyArrayObject *)PyArray_GETCONTIGUOUS({array}); "
                f"if (!own[{at}]) break; "
                f"const npy_{dtype} *{name} = (npy_{dtype} *)PyArray_DATA(own[{at}]);"
            )

    def width(self) -> str:
        """The number of entries of a row."""
        if not self.wide:
            return "1"
        return f"symgrad_row_size({self.given[self.wide[0]]})"

    def fits(self) -> Iterator[str]:
        """What must hold of the shapes."""
        for index in self.indices[1:]:
            yield f"PyArray_DIM({index}, 0) == n"
        for at, (operand, type_) in enumerate(zip(self.operands, self.types, strict=True)):
            if at != self.op.summed and type_.ndim and type_.shape[0] != 1:
                yield f"PyArray_DIM({operand}, 0) == n"
        for k in self.wide[1:]:
            yield f"symgrad_same_rows({self.given[self.wide[0]]}, {self.given[k]})"
        yield "1"

    def one_each(self) -> str:
        """What must hold of the rows that are summed."""
        if self.op.summed is None:
            return "1"
        return f"PyArray_DIM({self.operands[self.op.summed]}, 0) == n"

    def group(self, length: str | None) -> str:
        """Group the entries of an index by their rows."""
        if self.op.summed is None:
            return ""
        return GROUP.format(length=length)

    def ranges(self) -> Iterator[str]:
        """Every index against the length of every table."""
        for k, table in enumerate(self.tables):
            yield (
                f"if (!symgrad_in_range({self._index(k)}, n_rows, PyArray_DIM({table}, 0), "
                "&offender, &limit)) break;"
            )

    def copies(self) -> Iterator[str]:
        """The tables to work on, as they are or copied."""
        for k, table in enumerate(self.tables):
            if k < self.op.n_written and not self.op.inplace:
                yield f"T{k} = (PyArrayObject *)PyArray_NewCopy({table}, NPY_KEEPORDER);"
                yield f"if (!T{k}) break;"
            else:
                yield f"T{k} = {table}; Py_INCREF(T{k});"
                if k < self.op.n_written:
                    yield f'if (PyArray_FailUnlessWriteable({table}, "a table") < 0) break;'
            yield (
                f"char *const t{k} = PyArray_BYTES(T{k}); "
                f"const npy_intp stride{k} = PyArray_STRIDE(T{k}, 0), "
                f"length{k} = PyArray_DIM(T{k}, 0);"
            )
        for k in self.wide_tables:
            yield (
                f"const int plain{k} = symgrad_rows_are_contiguous(T{k}); "
                f"const npy_intp bytes{k} = width * PyArray_ITEMSIZE(T{k});"
            )

    def prefetch(self) -> Iterator[str]:
        """Fetch a row that is worked on soon."""
        for k in range(self.op.n_tables):
            size = f"bytes{k}" if k in self.wide_tables else "1"
            write = int(k < self.op.n_written)
            yield (
                f"symgrad_prefetch_{write}(t{k} + "
                f"symgrad_row({self._index(k)}[i + ahead], length{k}) * stride{k}, {size});"
            )

    def pointers(self) -> Iterator[str]:
        """Where the rows of the tables are; rows with gaps are copied."""
        for k in range(self.op.n_tables):
            dtype = self.values[k][1]
            row = f"symgrad_row({self._index(k)}[i], length{k})"
            yield f"char *const r{k} = t{k} + {row} * stride{k};"
            if k in self.wide_tables:
                yield (
                    f"npy_{dtype} *const p{k} = (npy_{dtype} *)(plain{k} ? r{k} : "
                    f"scratch + {k} * width * 16);"
                )
                yield f"if (!plain{k}) symgrad_move_row(T{k}, r{k}, (char *)p{k}, 0);"
            else:
                yield f"npy_{dtype} *const p{k} = (npy_{dtype} *)r{k};"
        if self.op.summed is not None:
            number = self.op.n_tables + self.op.summed
            yield SUMMED.format(
                dtype=self.values[number][1],
                number=number,
                slot=self.op.n_tables,
                size="width" if number in self.wide else "1",
            )

    def arguments(self) -> Iterator[str]:
        """What the kernel is called with."""
        yield from (f"p{k}" for k in range(self.op.n_tables))
        for at, type_ in enumerate(self.types):
            k = at + self.op.n_tables
            if at == self.op.summed:
                yield f"sum{k}"
            elif self.levels[k] == "call":
                yield f"*b{k}"
            elif self.levels[k] == "row":
                yield f"b{k} + i"
            else:
                yield f"b{k}" if type_.shape[0] == 1 else f"b{k} + i * width"
        yield "width"

    def back(self) -> Iterator[str]:
        """Copy rows with gaps back."""
        for k in self.wide_tables:
            if k < self.op.n_written:
                yield f"if (!plain{k}) symgrad_move_row(T{k}, r{k}, (char *)p{k}, 1);"


SUPPORT = (
    C_GROUP_ROWS
    + r"""
#define SYMGRAD_ALONE static __attribute__((noinline))

template <typename T>
SYMGRAD_ALONE void symgrad_add_row(T *__restrict total, const T *__restrict more, npy_intp size)
{
    for (npy_intp j = 0; j < size; j++) total[j] += more[j];
}

static inline npy_int64 symgrad_row(npy_int64 row, npy_intp length)
{
    return row < 0 ? row + length : row;
}

static int symgrad_in_range(const npy_int64 *index, npy_intp n, npy_intp length,
                            npy_int64 *offender, npy_int64 *limit)
{
    npy_int64 low = 0, high = -1;
    for (npy_intp i = 0; i < n; i++) {
        if (index[i] < low) low = index[i];
        if (index[i] > high) high = index[i];
    }
    if (low >= -length && high < length) return 1;
    *offender = high >= length ? high : low;
    *limit = length;
    return 0;
}

static npy_intp symgrad_row_size(PyArrayObject *a)
{
    npy_intp size = 1;
    for (int d = 1; d < PyArray_NDIM(a); d++) size *= PyArray_DIM(a, d);
    return size;
}

static int symgrad_same_rows(PyArrayObject *a, PyArrayObject *b)
{
    for (int d = 1; d < PyArray_NDIM(a); d++)
        if (PyArray_DIM(a, d) != PyArray_DIM(b, d)) return 0;
    return 1;
}

static int symgrad_rows_are_contiguous(PyArrayObject *a)
{
    npy_intp wanted = PyArray_ITEMSIZE(a);
    for (int d = PyArray_NDIM(a) - 1; d > 0; d--) {
        if (PyArray_DIM(a, d) != 1 && PyArray_STRIDE(a, d) != wanted) return 0;
        wanted *= PyArray_DIM(a, d);
    }
    return 1;
}

/* Between a row with strides and a buffer without. */
static void symgrad_move_row(PyArrayObject *a, char *row, char *buffer, int back)
{
    const npy_intp size = symgrad_row_size(a), item = PyArray_ITEMSIZE(a);
    for (npy_intp j = 0; j < size; j++, buffer += item) {
        npy_intp rest = j, offset = 0;
        for (int d = PyArray_NDIM(a) - 1; d > 0; d--) {
            offset += rest % PyArray_DIM(a, d) * PyArray_STRIDE(a, d);
            rest /= PyArray_DIM(a, d);
        }
        if (back) memcpy(row + offset, buffer, item);
        else memcpy(buffer, row + offset, item);
    }
}

static inline void symgrad_prefetch_0(const char *from, npy_intp bytes)
{
    for (npy_intp b = 0; b < bytes && b < 2048; b += 64) __builtin_prefetch(from + b, 0);
}

static inline void symgrad_prefetch_1(const char *from, npy_intp bytes)
{
    for (npy_intp b = 0; b < bytes && b < 2048; b += 64) __builtin_prefetch(from + b, 1);
}
"""
)

# Entries of one row hang in a list: `first` of each row, `next` of each entry, -1 at the end.
GROUP = r"""
work = (npy_int64 *)malloc((4 * n + 1) * sizeof(npy_int64));
if (work == NULL) {{ PyErr_NoMemory(); break; }}
npy_int64 *const rows = work, *const group = work + n;
npy_int64 *const first = work + 2 * n, *const next = work + 3 * n;
limit = *(npy_int64 *)PyArray_DATA({length});
n_rows = symgrad_group_rows(i0, n, limit, rows, group, &offender);
if (n_rows == -2) PyErr_NoMemory();
if (n_rows < 0) break;
memset(first, 0xff, n_rows * sizeof(npy_int64));
for (npy_intp k = n - 1; k >= 0; k--) {{ next[k] = first[group[k]]; first[group[k]] = k; }}
"""

SUMMED = r"""
const npy_{dtype} *sum{number} = b{number} + first[i] * {size};
if (next[first[i]] >= 0) {{
    npy_{dtype} *const total = (npy_{dtype} *)(scratch + {slot} * width * 16);
    memcpy(total, sum{number}, {size} * sizeof(npy_{dtype}));
    for (npy_int64 k = next[first[i]]; k >= 0; k = next[k])
        symgrad_add_row(total, b{number} + k * {size}, {size});
    sum{number} = total;
}}
"""

UPDATE = r"""
{{
    const npy_intp n = PyArray_DIM({index}, 0), width = {width};
    npy_intp n_rows = n;
    npy_int64 offender = 0, limit = -1;
    PyArrayObject *own[{n_own}] = {{NULL}};
    {declared}
    npy_int64 *work = NULL;
    char *buffer = NULL;
    int done = 0;
    do {{
        if (!({fits})) {{
            PyErr_SetString(PyExc_ValueError,
                "row update: the index and the rows do not have one shape");
            break;
        }}
        if (!({one_each})) {{
            PyErr_Format(PyExc_ValueError,
                "coalesce: other than %lld gradient rows were given for as many indices: give "
                "one row per index", (long long)n);
            break;
        }}
        {own}
        {group}
        {ranges}
        buffer = (char *)malloc({threads} * {n_scratch} * width * 16 + 1);
        if (buffer == NULL) {{ PyErr_NoMemory(); break; }}
        {tables}
        {parallel}
        for (npy_intp i = 0; i < n_rows; i++) {{
            char *const scratch = buffer + {thread} * {n_scratch} * width * 16;
            const npy_intp ahead = {ahead};
            if (i + ahead < n_rows) {{
                {prefetch}
            }}
            {pointers}
            {name}_row({arguments});
            {back}
        }}
        {results}
        done = 1;
    }} while (0);
    free(work);
    free(buffer);
    for (int k = 0; k < {n_own}; k++) Py_XDECREF(own[k]);
    {released}
    if (!done) {{
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_IndexError, "row update: index %lld is out of range for %lld rows",
                (long long)offender, (long long)limit);
        {fail}
    }}
}}
"""
