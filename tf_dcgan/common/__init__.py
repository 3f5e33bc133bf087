"""What every room needs: errors, files, images, randomness, the terminal.

Imports nothing of this package. Read `errors` first, which has the one
exception that a user sees as a line, then `files`, which writes every file that
a user can meet, and `randomness`, which makes noise a function of (seed,
purpose, step, position).
"""
