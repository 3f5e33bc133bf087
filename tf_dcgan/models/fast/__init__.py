"""Layers that compute what Keras's layers compute, faster on a CPU.

Imports `common`. Read `layers` first: `layers.for_training`
puts them into a network that is to be trained. Networks for samples and for
export keep Keras's own layers, so that what is exported needs no line of this
package.
"""
