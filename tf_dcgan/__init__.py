"""DCGAN and its relatives, in TensorFlow 2 and Keras 3.

The scripts `train.py` and `evaluate.py` are the way in; each module says in
its first lines what it is for.
"""

__version__ = "0.1.0"
