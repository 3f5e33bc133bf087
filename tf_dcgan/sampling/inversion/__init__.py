"""From images back to latent vectors.

Imports what `sampling` imports. Read `search` first, which finds the vectors;
`distances` says how far two images are from each other, and `invert` puts both
together for a run.
"""
