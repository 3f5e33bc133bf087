"""Scores generated images: `python evaluate.py --run_dir=RUN`.

A door, short on purpose: the command is in `tf_dcgan.commands.evaluate`.
"""

from tf_dcgan.commands import door

if __name__ == "__main__":
    door.enter("evaluate")
