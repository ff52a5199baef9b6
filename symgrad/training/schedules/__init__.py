"""Learning rates that change with the calls, inside the compiled function.

A schedule has two parts: the rate, a scalar expression of what the schedule counts, which the rule
takes, and the updates that advance the count, which the function takes::

    updates = sg.adam(cost, params, learning_rate=schedule.rate) | schedule.updates

In the laws below, `t` is the number of calls made before: 0 in the first call.

Examples
--------
>>> import numpy as np, symgrad as sg
>>> w = sg.shared(np.zeros(2), name="w")
>>> schedule = sg.schedules.step(1.0, calls=2, factor=0.5)
>>> updates = sg.sgd(w.sum(), w, learning_rate=schedule.rate) | schedule.updates
>>> f = sg.function([], schedule.rate, updates=updates)
>>> [float(f()) for call in range(5)]
[1.0, 1.0, 0.5, 0.5, 0.25]
>>> w.get_value().tolist()
[-3.25, -3.25]
"""

from symgrad.training.schedules.calls import cosine as cosine
from symgrad.training.schedules.calls import cyclical as cyclical
from symgrad.training.schedules.calls import exponential as exponential
from symgrad.training.schedules.calls import inverse_time as inverse_time
from symgrad.training.schedules.calls import step as step
from symgrad.training.schedules.calls import warm_up as warm_up
from symgrad.training.schedules.plateau import reduce_on_plateau as reduce_on_plateau
from symgrad.training.schedules.schedule import Schedule as Schedule
