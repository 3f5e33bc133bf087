"""Image sets, prepared once and read as (seed, step) → batch.

Imports `config` and `common`, and of `runs` what tells a run from a data set's
folder. Read `loading` first: `load` finds a set, prepares it into the cache and
opens it. `batches` then reads the images of any step, `augmentation` changes
them, and `domains` finds the two sets of a translation.
"""
