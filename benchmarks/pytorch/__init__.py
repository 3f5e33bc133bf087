"""What runs in PyTorch, in a process and environment of its own.

The command is `python -m benchmarks.pytorch.training`. Modules that end in
`_side` are scripts of the other environment, which has nothing of this project.
"""
