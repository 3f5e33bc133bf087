"""Folders of images: which files are in them, and what each file holds.

Imports `common` and the rest of `data`. Read `listings` first, which finds
splits and classes, then `decoding`, which reads one file.
"""
