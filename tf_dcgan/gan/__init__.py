"""The heart: losses, one update, the step of a GAN and of CycleGAN.

Imports `models`, `config` and `common`; no module here reads a file, a clock or
a flag. Read `gan` first: its `update` is one training step of every recipe but
`cyclegan`, whose step is in the module `cyclegan`. Then read `losses` and
`updates`.
"""
