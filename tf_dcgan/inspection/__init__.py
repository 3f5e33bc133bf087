"""What lies at a path, told before anything is trained on it.

One image becomes a row of numbers, all rows become facts, and from the facts
follow the command to train with, a text and a page. Imports what a command may
import, but loads TensorFlow only to read a set of TFDS and to measure a step.
Read `collection` first, which finds the images, then `records` and `facts`.
"""
