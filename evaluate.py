"""Scores generated images: `python evaluate.py --run_dir=RUN`.

A door, short on purpose: the command is in `tf_dcgan.commands.evaluate`.
"""

from tf_dcgan.commands import command_line, evaluate

if __name__ == "__main__":
    command_line.run(evaluate.main)
