"""Time the steps of an old program: the same code under Theano and under symgrad."""

import json
import timeit


def report(compile_step, feed, seconds=4.0):
    """Print, as JSON, the seconds of compiling, the median of a step, and the last cost."""
    start = timeit.default_timer()
    step = compile_step()
    compiling = timeit.default_timer() - start
    for _ in range(5):
        step(*next(feed))
    times, end = [], timeit.default_timer() + seconds
    while timeit.default_timer() < end or len(times) < 20:
        batch = next(feed)
        start = timeit.default_timer()
        cost = step(*batch)
        times.append(timeit.default_timer() - start)
    times.sort()
    print(json.dumps({"compile": compiling, "step": times[len(times) // 2], "cost": float(cost)}))
