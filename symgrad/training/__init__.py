"""What a training loop needs besides its updates.

- `schedules`: learning rates that change with the calls
- `averages`: averages of the parameters over the calls
- `monitor`: numbers of the run, written down or shown while it runs
- `checkpoint`: a run saved to a file, and resumed
"""
