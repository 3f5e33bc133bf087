"""The networks by which images are compared, and what each needs.

Imports `data`, `common` and the rest of `metrics`. Read `feature_network`
first, which takes images through a network in batches; then `inception` for
the network of published FIDs, or `classifier` for one trained on the set
itself.
"""
