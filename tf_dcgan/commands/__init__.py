"""One module a command: flags → one call → what is printed.

May import everything, and loads TensorFlow only once the command line is known
to be good. No other room knows flags and exit statuses. `door` is the way in,
`dispatch` finds a command by its name. Read `sample` first, a whole command,
then `command_line`, which reads the flags of every command, and `run_flags`,
which opens a run and loads its generator.
"""
