"""A page on which a person walks through a run's latent space.

Imports `sampling` and what lies below it. Read `explorer` first, which makes
the pictures and saves them; `server` hands them to one browser on this
machine and to nobody else. The page is plain HTML, and its script asks the
server alone.
"""
