"""A run or two sets of images → scores with the protocol they were computed by.

Imports `sampling`, `metrics` and everything below. Read `request` first, which
is the flags themselves; then `evaluate`, which opens what they name; then
`score_sets`, which takes two sources of images to scores. `periodic` scores a
training while it goes on.
"""
