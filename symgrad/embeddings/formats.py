"""Files of word vectors: word2vec text and binary, and GloVe, read and written as a stream."""

import gzip
import logging
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np

from symgrad.errors import ArgumentError, OptionError, VectorFileError

__all__ = ["FORMATS", "read_vectors", "stream_vectors", "write_vectors"]

FORMATS = ("word2vec", "word2vec-binary", "glove")
_BLOCK = 1 << 20  # bytes of a binary file read at a time

logger = logging.getLogger("symgrad")

Pairs: TypeAlias = Iterator[tuple[str, np.ndarray]]


@contextmanager
def stream_vectors(
    path: str | PathLike, format: str, *, errors: str = "strict"
) -> Iterator[tuple[int, Pairs]]:
    r"""Open a file of vectors to read it word by word.

    Parameters
    ----------
    path : str or Path
        A file with the suffix ``.gz`` is unpacked while it is read.
    format : {"word2vec", "word2vec-binary", "glove"}
        Text with a header line, binary with a header line, text without one.
    errors : {"strict", "replace", "ignore"}
        How to treat words that are not UTF-8, as in :meth:`bytes.decode`.

    Yields
    ------
    dim : int
        The length of the vectors.
    pairs : iterator of (str, float32 or float64 array of shape (dim,))
        In the order of the file, repeated words included; float64 for text, float32 for binary.

    Raises
    ------
    OptionError
        For an unknown format.
    VectorFileError
        If the file is not in that format; the message names the line or the word.

    Notes
    -----
    Fields are separated by a single space, and the numbers are the last `dim` fields of a line, so
    words of GloVe that contain spaces (``. . .``) are read whole. Binary vectors may or may not end
    with a newline: the program word2vec writes one, Gensim does not.

    Source: Mikolov et al. (2013), the program word2vec; Pennington et al. (2014), GloVe.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from symgrad.embeddings import stream_vectors
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "vectors.txt"
    >>> _ = path.write_text("river 0.5 1\nking 2 -1\n")
    >>> with stream_vectors(path, "glove") as (dim, pairs):
    ...     print(dim, [(word, vector.tolist()) for word, vector in pairs])
    2 [('river', [0.5, 1.0]), ('king', [2.0, -1.0])]
    >>> folder.cleanup()
    """
    _check_format(format)
    with _open(path, "rb") as file:
        vectors = _VectorFile(file, path, errors)
        yield vectors.glove() if format == "glove" else vectors.word2vec(format)


def read_vectors(
    path: str | PathLike,
    format: str,
    *,
    only: Container[str] | None = None,
    dtype: str = "float32",
    errors: str = "strict",
) -> tuple[list[str], np.ndarray]:
    r"""Read the words and vectors of a file.

    Parameters
    ----------
    path, format, errors
        See :func:`stream_vectors`.
    only : container of str, optional
        Leave out all other words. A set or a dict is fastest.
    dtype : str
        The dtype of the vectors.

    Returns
    -------
    words : list of str
        In the order of the file. Of a repeated word the first counts; the number of others is
        logged.
    vectors : array of `dtype`, shape (len(words), dim)

    Raises
    ------
    OptionError
        For an unknown format.
    VectorFileError
        If the file is not in that format.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from symgrad.embeddings import read_vectors
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "vectors.txt"
    >>> _ = path.write_text("2 2\nriver 0.5 1\nking 2 -1\n")
    >>> words, vectors = read_vectors(path, "word2vec", only={"king"})
    >>> words, vectors.tolist()
    (['king'], [[2.0, -1.0]])
    >>> folder.cleanup()
    """
    rows: dict[str, int] = {}
    with stream_vectors(path, format, errors=errors) as (dim, pairs):
        wanted = (pair for pair in pairs if only is None or pair[0] in only)
        vectors = np.fromiter(_unrepeated(wanted, rows, path), np.dtype((dtype, dim)))
    return list(rows), vectors.reshape(-1, dim)


def write_vectors(
    path: str | PathLike, words: Sequence[str], vectors: np.ndarray, format: str
) -> None:
    """Write words and vectors to a file.

    Parameters
    ----------
    path : str or Path
        A file with the suffix ``.gz`` is compressed.
    words : sequence of str
        Without repeats; no word is empty or contains white space, which ends a word in these
        formats.
    vectors : array of floats, shape (len(words), dim)
        Text keeps every bit of them, binary keeps them as float32.
    format : {"word2vec", "word2vec-binary", "glove"}

    Raises
    ------
    OptionError
        For an unknown format.
    ArgumentError
        For words that cannot be written, and if the shapes do not fit. The file is not touched
        then.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from symgrad.embeddings import write_vectors
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "vectors.txt"
    >>> write_vectors(path, ["river", "king"], [[0.5, 1.0], [2.0, -1.0]], "word2vec")
    >>> print(path.read_text(), end="")
    2 2
    river 0.5 1
    king 2 -1
    >>> folder.cleanup()
    """
    _check_format(format)
    vectors = np.asanyarray(vectors)
    _check_words(words)
    if vectors.ndim != 2 or len(vectors) != len(words) or not vectors.shape[1]:
        raise ArgumentError(
            f"{len(words)} words were given with vectors of shape {vectors.shape}: give a matrix "
            "with one row for each word"
        )
    with _open(path, "wb") as file:
        if format != "glove":
            file.write(b"%d %d\n" % vectors.shape)
        line = _binary_line if format == "word2vec-binary" else _text_line
        for word, vector in zip(words, vectors, strict=True):
            file.write(line(word.encode(), vector))


class _VectorFile:
    """An open file of vectors, and the errors for what is wrong in it."""

    def __init__(self, file: IO[bytes], path: str | PathLike, errors: str) -> None:
        self.file, self.path, self.errors = file, path, errors

    def word2vec(self, format: str) -> tuple[int, Pairs]:
        """``(dim, pairs)`` of a file that starts with a line of two numbers."""
        header = self.file.readline(100)
        if not re.fullmatch(rb"\d+ +[1-9]\d*\s*\n", header):
            raise self._broken(
                "line 1", f"is {header[:40]!r}, not a number of words and a length", "glove"
            )
        count, dim = map(int, header.split())
        if format == "word2vec-binary":
            return dim, self._binary(count, dim)
        return dim, self._counted(self._lines(dim, self.file, start=2), count)

    def glove(self) -> tuple[int, Pairs]:
        """``(dim, pairs)`` of a file whose first line shows the length."""
        first = self.file.readline()
        dim = first.rstrip().count(b" ")
        if dim < 1:
            raise self._broken("line 1", "has no numbers", "word2vec")
        if dim == 1 and re.fullmatch(rb"\d+ \d+", first.rstrip()):
            raise self._broken("line 1", "is a header of two numbers", "word2vec")

        def lines() -> Iterator[bytes]:
            yield first
            yield from self.file

        return dim, self._lines(dim, lines(), start=1)

    def _lines(self, dim: int, lines: Iterable[bytes], start: int) -> Pairs:
        for number, line in enumerate(lines, start):
            word, *fields = line.rstrip(b" \r\n").rsplit(b" ", dim)
            try:
                vector = np.array([float(field) for field in fields])
            except ValueError:
                vector = np.array(())
            if len(vector) != dim or not word or _ends_in_number(word):
                raise self._broken(f"line {number}", f"is not a word and {dim} numbers")
            yield self._decoded(word, f"line {number}"), vector

    def _counted(self, pairs: Pairs, count: int) -> Pairs:
        """All pairs; raises at the end if the header gives another number."""
        n_pairs = 0
        for pair in pairs:
            n_pairs += 1
            yield pair
        if n_pairs != count:
            raise self._broken("line 1", f"announces {count} words, but {n_pairs} follow")

    def _binary(self, count: int, dim: int) -> Pairs:
        block, start, size = b"", 0, 4 * dim
        for number in range(1, count + 1):
            while (end := block.find(b" ", start)) < 0 or len(block) <= end + size:
                more = self.file.read(max(_BLOCK, size))
                if not more:
                    raise self._broken(f"word {number} of {count}", "is cut off")
                block, start = block[start:] + more, 0
            word = self._decoded(block[start:end].lstrip(b"\n"), f"word {number}")
            yield word, np.frombuffer(block, "<f4", dim, end + 1).astype("float32")
            start = end + 1 + size
        if (block[start:] + self.file.read(2)).strip(b"\n"):
            raise self._broken("line 1", f"announces {count} words, but more bytes follow")

    def _decoded(self, word: bytes, where: str) -> str:
        try:
            return word.decode(errors=self.errors)
        except UnicodeDecodeError:
            raise VectorFileError(
                f"{self.path}, {where}: {word!r} is not UTF-8: give errors='replace' to read it "
                "nevertheless"
            ) from None

    def _broken(self, where: str, what: str, likely: str | None = None) -> VectorFileError:
        formats = [likely] if likely else FORMATS
        return VectorFileError(
            f"{self.path}: {where} {what}: give the format of the file "
            f"({' or '.join(map(repr, formats))}?), or a complete file"
        )


def _open(path: str | PathLike, mode: str) -> IO[bytes]:
    opener: Any = gzip.open if Path(path).suffix == ".gz" else open
    file: IO[bytes] = opener(path, mode)
    return file


def _unrepeated(pairs: Pairs, rows: dict[str, int], path: str | PathLike) -> Iterator[np.ndarray]:
    """The vectors of words that are not yet in `rows`; the words are added to it."""
    repeated = 0
    for word, vector in pairs:
        if word in rows:
            repeated += 1
        else:
            rows[word] = len(rows)
            yield vector
    if repeated:
        logger.warning("%s: %d repeated words are left out", path, repeated)


def _ends_in_number(word: bytes) -> bool:
    """Is a field that looks like a number left over in front of the vector?"""
    *before, last = word.split(b" ")
    return bool(before) and bool(re.fullmatch(rb"[-+]?\d*\.\d+(e[-+]?\d+)?", last.lower()))


def _text_line(word: bytes, vector: np.ndarray) -> bytes:
    # With this many digits, exactly the same number is read back.
    digits = 17 if vector.dtype.itemsize > 4 else 9
    return word + b" " + " ".join(f"{x:.{digits}g}" for x in vector.tolist()).encode() + b"\n"


def _binary_line(word: bytes, vector: np.ndarray) -> bytes:
    return word + b" " + vector.astype("<f4").tobytes() + b"\n"


def _check_format(format: str) -> None:
    if format not in FORMATS:
        raise OptionError(f"format is {format!r}: choose one of {', '.join(FORMATS)}")


def _check_words(words: Sequence[str]) -> None:
    broken = [word for word in words if not word or re.search(r"\s", word)]
    if broken:
        raise ArgumentError(
            f"the word {broken[0]!r} is empty or contains white space, which ends a word in these "
            "formats: rename it"
        )
    if len(set(words)) != len(words):
        repeated, _ = Counter(words).most_common(1)[0]
        raise ArgumentError(f"the word {repeated!r} is given twice: leave out one of them")
