"""What a failure of the database means, in words that show neither its URL's password nor its rows."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

_BUSY = "is in use by another process; try again"
_READ_ONLY = "cannot be written to; make it writable"
_FULL = "has no room left on its disk; free some"
_GONE = "cannot be reached; check its server"
_DENIED = "does not allow this user what the server needs; let it create and change tables there"
_TOO_LONG = "has no room for a text that long; shorten it"
_STRANGER = "does not let this user in; check user and password in its URL"

_CAUSES = {
    "SQLITE_NOTADB": "is not a database of this server, or is damaged; name another file, or restore it",
    "SQLITE_CORRUPT": "is damaged; restore it from a copy",
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": "cannot be opened; check that its folder exists and may be written to",
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR": "cannot be read or written; check the disk",
    "SQLITE_BUSY": _BUSY,
    # SQLSTATE, by its beginning.
    "08": _GONE,
    "22001": _TOO_LONG,
    "25006": _READ_ONLY,
    "42501": _DENIED,
    "53100": _FULL,
    "55P03": _BUSY,
    "57P": "has been shut down; start its server again",
}
"""What a failure means, by the driver's name or SQLSTATE of it."""

_NUMBERS = {
    1021: _FULL,
    1040: "has too many connections; try again",
    1044: _DENIED,
    1045: _STRANGER,
    1049: "does not exist; create it",
    1053: _GONE,
    1062: "has such an entry already",
    1114: _FULL,
    1142: _DENIED,
    1205: _BUSY,
    1213: _BUSY,
    1227: _DENIED,
    1290: _READ_ONLY,
    1406: _TOO_LONG,
    1451: "has something else that refers to it",
    1452: "lacks what it refers to",
    1698: _STRANGER,
    1792: _READ_ONLY,
    1836: _READ_ONLY,
    2002: _GONE,
    2003: _GONE,
    2006: _GONE,
    2013: _GONE,
}
"""The same by the numbers of MySQL and MariaDB."""


_PHRASES = {
    "failed to resolve host": _GONE,
    "could not translate host name": _GONE,
    "Connection refused": _GONE,
    "No route to host": _GONE,
    "timeout expired": _GONE,
    "closed the connection unexpectedly": _GONE,
    "No such file or directory": _GONE,
    "authentication failed for user": _STRANGER,
    "no pg_hba.conf entry": _STRANGER,
    'FATAL:  role "': _STRANGER,
    'FATAL:  database "': "does not exist; create it",
}
"""The same by libpq's words, which are all there is where no connection comes about; in English only."""


def cause(error: SQLAlchemyError) -> str:
    """What a failure means, to follow the database's name."""
    original = getattr(error, "orig", None)
    name = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None) or ""
    for start, sentence in _CAUSES.items():
        if name.startswith(start):
            return sentence
    known = _NUMBERS.get(_number(original) or 0) or _unconnected(original)
    return known or f"failed ({type(error).__name__}: {words(error)})"


def _unconnected(original: object) -> str | None:
    """Why PostgreSQL's driver has no connection."""
    if not hasattr(original, "pgconn"):
        return None
    return next((meaning for phrase, meaning in _PHRASES.items() if phrase in str(original)), None)


def words(error: SQLAlchemyError) -> str:
    """The driver's own words in one line, as far as they can show no row: PostgreSQL's without the details.

    Others are let speak only before a statement runs, that is where no connection comes about.
    """
    original = getattr(error, "orig", None)
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    number = _number(original)
    if primary is None and number in _NUMBERS:
        return f"the database {_NUMBERS[number]}"
    if primary is None and not _harmless(error):
        return f"error {number}; see the log of the database" if number else "see the log of the database"
    return " ".join(str(primary or original or "see the log").split())


def _harmless(error: SQLAlchemyError) -> bool:
    """Whether the driver's words can hold nothing of a row. SQLite's never do, and psycopg's own do not."""
    if not isinstance(error, DBAPIError) or error.statement is None:
        return True
    return hasattr(error.orig, "sqlite_errorcode") or hasattr(error.orig, "diag")


def _number(original: object) -> int | None:
    """MySQL's number of an error, which its drivers put first."""
    first = next(iter(getattr(original, "args", ())), None)
    return first if isinstance(first, int) else None
