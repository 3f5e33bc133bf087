"""Trains a GAN on images: `python train.py --dataset=mnist`.

A door, short on purpose: the command is in `tf_dcgan.commands.train`.
"""

from tf_dcgan.commands import door

if __name__ == "__main__":
    door.enter("train")
