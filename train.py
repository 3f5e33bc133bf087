"""Trains a GAN on images: `python train.py --dataset=mnist`.

A door, short on purpose: the command is in `tf_dcgan.commands.train`.
"""

from tf_dcgan.commands import command_line, train

if __name__ == "__main__":
    command_line.run(train.main)
