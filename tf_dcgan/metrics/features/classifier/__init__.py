"""A small network trained on a labelled set, to compare images of that set by.

Read `classifier` first, which finds a trained one or trains it.
"""
