"""The heart: losses, one update, the step of a GAN and of CycleGAN.

Imports `models`, `config` and `common`; nothing in it reads a file, a clock or
a flag. Read `gan` first, whose `update` is one training step of all recipes
but `cyclegan`, then `losses` and `updates`.
"""
