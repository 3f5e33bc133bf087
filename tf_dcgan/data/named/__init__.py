"""The sets that the package knows by name, and reads without TFDS.

Imports `common` and of `data` what a source is. Read `known_sets` first, which
has the facts of each set; `glyphs` draws its images from fonts.
"""
