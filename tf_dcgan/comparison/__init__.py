"""Several runs → one page that shows them side by side.

Imports `runs`, `config` and `common`. Read `page` first.
"""
