"""Every command of the package: `python -m tf_dcgan COMMAND`, or `tf-dcgan`."""

from tf_dcgan.commands import door


def main() -> None:
    """Runs the command that the first word names, and ends the process."""
    door.enter("dispatch")


if __name__ == "__main__":
    main()
