"""The networks: one module a family, functions from sizes to Keras models.

Imports `config` and `common`. Read `families` first, which has the table of
all networks and builds those of a config; then `dcgan`.
"""
