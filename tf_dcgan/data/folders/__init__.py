"""Folders of images: which files are in them, and what each file holds.

A .zip or .tar of a folder is read as the folder. Imports `common`, and the rest
of `data` and what `data` imports. Read `listings` first, which finds splits and
classes among the files that `trees` lists, then `decoding`, which reads one
file; `archives` finds its bytes in an archive.
"""
