"""Where the time of our own training step goes, and how it grows.

The command is `python -m benchmarks.step_profile`. Read `__main__` first, then
`parts`, which cuts a step into parts, and `growth`.
"""
