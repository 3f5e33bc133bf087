"""A run or two sets of images → scores with the protocol they were computed by.

Imports `sampling`, `metrics` and everything below. Read `evaluate` first, then
`score_sets`, which takes two sources of images to scores.
"""
