"""The networks: one module a family, functions from sizes to Keras models.

Imports `config` and `common`. Read `families` first, which has the table of
all networks and builds the networks of a config; then `dcgan`.
"""
