"""One training on several devices and in several processes.

Imports what `training` may import. Read `strategies` first, which chooses the
devices, then `crew`, through which the processes agree, and `follower`, which
is the loop of every process but the first.
"""
