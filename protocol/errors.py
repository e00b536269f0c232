"""The root of every error that this project raises on purpose."""


class BenchError(Exception):
    """Something that a user can understand and act on.

    Its text is one whole sentence: what happened, what was kept where that matters, and what to do. The
    command line prints it and ends with a non-zero status; a traceback is never shown for it.
    """
