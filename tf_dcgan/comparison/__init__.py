"""Several runs → one page that shows them side by side.

The modules gather facts; `templates/` holds the words, the markup and the
style. Imports `runs`, `config` and `common`. Read `page` first, beside
`templates/page.html`.
"""
