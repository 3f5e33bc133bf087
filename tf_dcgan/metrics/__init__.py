"""Numbers from features: Fréchet and kernel distances, precision, memorization.

Imports `data` and `common`. Read `scores` first, which has the record of each
metric and takes the features of two sets to all scores with their intervals;
then `frechet`. The networks that make the features are in `features`.
"""
