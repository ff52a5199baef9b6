"""Files of vectors: against files that Gensim wrote, and files that are broken."""

import numpy as np
import pytest

import symgrad as sg
from symgrad import embeddings
from symgrad.embeddings.formats import FORMATS
from symgrad.errors import HyperparameterError
from tests.reference.make_vector_goldens import FOLDER, WORDS

VALUES = np.load(FOLDER / "vectors.npy")
GENSIM = [("word2vec.txt", "word2vec"), ("word2vec.bin", "word2vec-binary"), ("glove.txt", "glove")]


@pytest.mark.parametrize(("name", "format"), GENSIM)
def test_reads_what_gensim_wrote(name, format):
    words, vectors = embeddings.read_vectors(FOLDER / name, format)
    assert words == WORDS
    assert vectors.dtype == "float32"
    np.testing.assert_array_equal(vectors, VALUES)


@pytest.mark.filterwarnings("ignore")  # Gensim leaves the file open
@pytest.mark.parametrize(("name", "format"), GENSIM)
def test_gensim_reads_what_is_written(name, format, tmp_path):
    models = pytest.importorskip("gensim.models")
    embeddings.write_vectors(tmp_path / name, WORDS, VALUES, format)
    model = models.KeyedVectors.load_word2vec_format(
        str(tmp_path / name), binary=format == "word2vec-binary", no_header=format == "glove"
    )
    assert model.index_to_key == WORDS
    np.testing.assert_array_equal(model.vectors, VALUES)


def test_binary_differs_from_gensim_only_by_the_newlines_of_word2vec(tmp_path):
    embeddings.write_vectors(tmp_path / "v", WORDS, VALUES, "word2vec-binary")
    lines = [word.encode() + b" " + v.tobytes() for word, v in zip(WORDS, VALUES, strict=True)]
    assert (tmp_path / "v").read_bytes() == b"8 3\n" + b"".join(line + b"\n" for line in lines)
    assert (FOLDER / "word2vec.bin").read_bytes() == b"8 3\n" + b"".join(lines)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_files_come_back(format, suffix, tmp_path, monkeypatch):
    monkeypatch.setattr("symgrad.embeddings.formats._BLOCK", 7)  # cuts words and vectors
    path = tmp_path / f"vectors{suffix}"
    embeddings.write_vectors(path, WORDS, VALUES, format)
    assert path.read_bytes().startswith(b"\x1f\x8b") == bool(suffix)
    words, vectors = embeddings.read_vectors(path, format)
    assert words == WORDS
    np.testing.assert_array_equal(vectors, VALUES)
    words, vectors = embeddings.read_vectors(path, format, only={"-", "the", "absent"})
    assert words == ["the", "-"]
    np.testing.assert_array_equal(vectors, VALUES[[0, 6]])
    words, vectors = embeddings.read_vectors(path, format, only=())
    assert words == []
    assert vectors.shape == (0, 3)


@pytest.mark.parametrize("format", ["word2vec", "glove"])
def test_text_keeps_every_bit(format, tmp_path):
    values = np.random.default_rng(0).normal(size=(50, 4)) * 10.0 ** np.arange(-20, 20, 10)
    words = [f"w{k}" for k in range(50)]
    for dtype in ("float64", "float32"):
        embeddings.write_vectors(tmp_path / "v", words, values.astype(dtype), format)
        back = embeddings.read_vectors(tmp_path / "v", format, dtype=dtype)[1]
        np.testing.assert_array_equal(back, values.astype(dtype))


def test_numbers_of_one_dimension_and_no_words(tmp_path):
    for format in FORMATS[:2]:
        embeddings.write_vectors(tmp_path / "v", [], np.zeros((0, 2)), format)
        assert embeddings.read_vectors(tmp_path / "v", format)[1].shape == (0, 2)
    for format in FORMATS:
        embeddings.write_vectors(tmp_path / "v", ["a"], [[0.5]], format)
        assert embeddings.read_vectors(tmp_path / "v", format)[1].tolist() == [[0.5]]


def test_what_other_programs_write(tmp_path, caplog):
    path = tmp_path / "v"
    path.write_bytes(b"2 2\nthe 1.0 2.0 \r\nof 3.0 4.0 \r\n")  # blanks at the end of lines
    assert embeddings.read_vectors(path, "word2vec")[1].tolist() == [[1, 2], [3, 4]]
    path.write_bytes(b"a 0.5 0.5\n. . . 1.0 2.0\nx\xc2\xa0y 1.0 2.0\n. . . 3.0 4.0\n")
    assert embeddings.read_vectors(path, "glove")[0] == ["a", ". . .", "x\xa0y"]
    assert "1 repeated words" in caplog.text


BROKEN = [
    ("glove", b"", "line 1 has no numbers"),
    ("glove", b"2 3\nthe 1.0 2.0 3.0\n", "give the format of the file ('word2vec'"),
    ("word2vec", b"the 1.0 2.0\n", "not a number of words and a length"),
    ("word2vec", b"1 2\nthe 1.0\n", "line 2 is not a word and 2 numbers"),
    ("word2vec", b"1 2\nthe 1.0 2.0 3.0\n", "line 2 is not a word and 2 numbers"),
    ("word2vec", b"1 2\nthe 1.0 x\n", "line 2 is not a word and 2 numbers"),
    ("word2vec", b"1 2\n\n", "line 2 is not a word and 2 numbers"),
    ("word2vec", b"2 1\nthe 1.0\n", "announces 2 words, but 1 follow"),
    ("word2vec", b"1 1\nthe 1.0\nof 2.0\n", "announces 1 words, but 2 follow"),
    ("word2vec", b"1 1\n\xff 1.0\n", "errors='replace'"),
    ("word2vec-binary", b"1 2\nthe 1234567", "word 1 of 1 is cut off"),
    ("word2vec-binary", b"1 2\nthe", "word 1 of 1 is cut off"),
    ("word2vec-binary", b"1 1\nthe 1234\nof 1234\n", "more bytes follow"),
    ("word2vec-binary", b"1 1\n\xff 1234\n", "errors='replace'"),
]


@pytest.mark.parametrize(("format", "data", "message"), BROKEN)
def test_broken_files_are_named(format, data, message, tmp_path):
    (tmp_path / "v").write_bytes(data)
    with pytest.raises(sg.errors.VectorFileError) as caught:
        embeddings.read_vectors(tmp_path / "v", format)
    assert message in str(caught.value)


def test_undecodable_words_can_be_replaced(tmp_path):
    (tmp_path / "v").write_bytes(b"1 1\na\xff 1.0\n")
    assert embeddings.read_vectors(tmp_path / "v", "word2vec", errors="replace")[0] == ["a\ufffd"]


@pytest.mark.parametrize("word", ["", "two words", "tab\t", "line\n", "wide\u3000", "\xa0"])
@pytest.mark.parametrize("format", FORMATS)
def test_words_with_white_space_are_refused(word, format, tmp_path):
    with pytest.raises(HyperparameterError, match="white space"):
        embeddings.write_vectors(tmp_path / "v", [word], [[1.0]], format)
    assert not (tmp_path / "v").exists()


@pytest.mark.parametrize(
    ("words", "vectors", "format", "message"),
    [
        (["a", "a"], np.zeros((2, 1)), "glove", "'a' is given twice"),
        (["a"], np.zeros((2, 1)), "glove", "one row for each word"),
        (["a"], np.zeros(1), "glove", "one row for each word"),
        (["a"], np.zeros((1, 1)), "text", "choose one of word2vec"),
    ],
)
def test_what_cannot_be_written(words, vectors, format, message, tmp_path):
    with pytest.raises(HyperparameterError, match=message):
        embeddings.write_vectors(tmp_path / "v", words, vectors, format)
