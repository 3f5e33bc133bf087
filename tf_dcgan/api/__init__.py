"""The package's functions for programs and notebooks: arguments → a value.

Does what the commands do, by the same checks and on the same run folders, and
knows neither flags nor the terminal. Imports every room but `commands`, and
loads TensorFlow only where it computes. Read `calls` first, which has `train`,
`open_run` and `evaluate`, then `run` and `scores`, what they return. `wording`
turns what the rooms below say of flags into Python's words, `training` begins a
training, `arrays` brings arrays to where files are read, and `values` brings
arguments to the types of settings.
"""
