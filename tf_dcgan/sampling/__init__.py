"""Images, walks, arithmetic, translations and exports of a run's generator.

Imports `gan`, `metrics`, `models`, `data`, `runs`, `config` and `common`. Read
`generators` first, which loads a generator from a checkpoint, then `samplers`,
which makes images with it.
"""
