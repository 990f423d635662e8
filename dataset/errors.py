"""The one exception that a user's data can raise."""


class DataError(ValueError):
    """A mistake in a user's file. The message is one line: what was found, where, and what to do.

    Scripts catch it, print it and end; there is no traceback to read.
    """
