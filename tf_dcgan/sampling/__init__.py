"""A run's generator → images, walks, arithmetic, translations, exported files.

Imports `gan`, `metrics`, `models`, `data`, `runs`, `config` and `common`. Read
`generators` first, which loads a generator from a checkpoint, then `samplers`,
which makes images with it.
"""
