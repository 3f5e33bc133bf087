"""What a run is: its settings, and the recipes they come from.

Imports `common`, and never TensorFlow. Read `schema` first: one field of
`Config` is one setting, flag, help text and bound. `recipes` has the nine
systems as differences from its defaults, `fields` says how a setting describes
itself, and `overrides` makes configs of flags.
"""
