"""One module a command: flags → one call → what is printed.

May import everything, and loads TensorFlow only once the command line is known
to be good. Alone in knowing flags, exit statuses and the terminal's words.
Read `sample` first, a whole command, then `command_line`, which reads the
flags of all of them.
"""
