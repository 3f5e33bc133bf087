"""The Inception-v3 of published FIDs, from its weights as published.

Read `inception` first, which builds the network, then `weights`, which finds
them, and `layers`, the table that both follow.
"""
