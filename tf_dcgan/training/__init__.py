"""The training loop, and what it needs around the step of a system.

Imports `evaluation` for the scores during a training, and every room that
`evaluation` may import. Read `launch` first, which prepares a training and
starts it, then `loop`. `system` lists what a kind of system must offer;
`generation` and `translation` are the two kinds, and `kinds` has the table of
them.
"""
