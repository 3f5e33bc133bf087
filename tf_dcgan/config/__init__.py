"""What a run is: its settings, and the recipes and losses they name.

Imports `common`, and never TensorFlow. Read `schema` first: one field of
`Config` is one setting, flag, help text and bound. `recipes`, `losses` and
`kinds` have one record for each system, loss and kind of system; `fields` says
how a setting describes itself, and `overrides` makes a config from flags.
"""
