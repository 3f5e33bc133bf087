"""From original images to one array of one size, and what is told of it.

Imports `common`, `config` and of `data` what a source and the cache are. Read
`preparation` first, which brings images to their size and writes the array;
`parts` keeps what an interrupt leaves of it.
"""
