"""The loop, and what stands between it and a step.

Imports `evaluation` for the scores during a training, and everything below.
Read `launch` first, which takes a config to a training that runs, then `loop`.
`system` says what the loop asks of what it trains; `generation` and
`translation` are the two kinds of system.
"""
