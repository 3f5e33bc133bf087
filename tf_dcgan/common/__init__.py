"""What every room needs and no GAN is about: errors, files, images, noise.

Imports nothing of this package. Read `errors` first, which has the one
exception that a user sees as a line, then `files`, through which everything is
written that a user can meet, and `randomness`, which makes noise a function of
(seed, purpose, step, position).
"""
