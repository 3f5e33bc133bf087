"""Our training speed beside the speed of the same training in PyTorch.

The command is `python -m benchmarks.frameworks`. A description in JSON carries
each network over to the other side, so that no network is written twice. Read
`__main__` first, then `description` and `torch_networks`.
"""
