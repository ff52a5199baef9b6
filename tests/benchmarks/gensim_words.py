"""gensim's Word2Vec on a text, one worker: run by bench_skipgram.py, in gensim's own interpreter.

Arguments: the text, the file for the vectors, the epochs.
"""

import sys
import time

import numpy as np
from gensim.models import Word2Vec

text, out, epochs = sys.argv[1:]
with open(text, encoding="utf-8") as file:
    words = file.read().split()
sentences = [words[k : k + 1000] for k in range(0, len(words), 1000)]
model = Word2Vec(
    sg=1, vector_size=100, window=5, negative=5, sample=1e-3, min_count=5, workers=1, seed=1
)
model.build_vocab(sentences)
start = time.perf_counter()
model.train(sentences, total_examples=len(sentences), epochs=int(epochs))
seconds = time.perf_counter() - start
np.savez(
    out,
    words=np.array(model.wv.index_to_key),
    W_in=model.wv.vectors,
    W_out=model.syn1neg,
    words_per_second=len(words) * int(epochs) / seconds,
)
