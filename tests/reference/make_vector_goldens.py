"""Record files of word vectors as Gensim writes them, for symgrad's readers to be checked with.

    python tests/reference/make_vector_goldens.py

in an interpreter that has Gensim, which symgrad itself does not need. The committed files in
`vectors/` were made with Gensim 4.4.0 and NumPy 2.4.6. `vectors.npy` holds the very numbers.
"""

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).with_name("vectors")
# Most frequent first, as Gensim sorts them.
WORDS = ["the", "river", "naïve", "Straße", "日本語", "0.5", "-", "😀"]


def vectors():
    """Ordinary numbers, and some at the ends of float32."""
    values = np.random.default_rng(0).normal(size=(len(WORDS), 3)).astype("float32")
    values[1] = [1e-38, -3e38, 0.0]
    values[2] = [1 / 3, -0.1, 16777217]
    return values


def main():
    """Write all of them."""
    from gensim.models import KeyedVectors

    FOLDER.mkdir(exist_ok=True)
    values = vectors()
    model = KeyedVectors(values.shape[1])
    model.add_vectors(WORDS, values)
    np.save(FOLDER / "vectors.npy", values)
    model.save_word2vec_format(str(FOLDER / "word2vec.txt"))
    model.save_word2vec_format(str(FOLDER / "word2vec.bin"), binary=True)
    model.save_word2vec_format(str(FOLDER / "glove.txt"), write_header=False)


if __name__ == "__main__":
    main()
