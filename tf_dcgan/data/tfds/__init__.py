"""The sets of TensorFlow Datasets: prepared folders, and downloads.

Imports `common` and the rest of `data`. Read `sets` first.
"""
