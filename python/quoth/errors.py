"""The exceptions that quoth raises beside Python's own."""

__all__ = ["FileFormatError", "GazetteerError", "QuothError"]


class QuothError(Exception):
    """Base of quoth's exceptions."""


class GazetteerError(QuothError, ValueError):
    """An entry of a gazetteer cannot be used; the message names its row and what is wrong."""


class FileFormatError(QuothError, ValueError):
    """A file or bytes are not in the format they should be; the message says where and why."""
