"""Who listens on an adapter, and for what."""

from __future__ import annotations

from bleak.uuids import normalize_uuid_str
from dbus_fast import Variant

from hideez_bench.emulator.radio.loopback.objects import BusError, Properties
from hideez_bench.emulator.radio.loopback.peripheral import Peripheral

_FILTERS = {
    "UUIDs": "as",
    "RSSI": "n",
    "Pathloss": "q",
    "Transport": "s",
    "DuplicateData": "b",
    "Discoverable": "b",
    "Pattern": "s",
}


class Discovery:
    """The discovery of one adapter. Every program that listens has a session and perhaps a filter."""

    def __init__(self) -> None:
        self._sessions: set[str] = set()
        self._filters: dict[str, Properties] = {}

    @property
    def active(self) -> bool:
        """Whether anybody listens."""
        return bool(self._sessions)

    @staticmethod
    def filters() -> list[str]:
        """The names of the filters that can be set."""
        return list(_FILTERS)

    def set_filter(self, client: str, wanted: dict[str, Variant]) -> None:
        """Set a program's filter; an empty one hears everything.

        Raises:
            BusError: it is not a filter.
        """
        for name, value in wanted.items():
            if _FILTERS.get(name) != value.signature:
                raise BusError("InvalidArguments", "Invalid arguments in method call")
        if "Transport" in wanted and wanted["Transport"].value not in {"auto", "bredr", "le"}:
            raise BusError("InvalidArguments", "Invalid arguments in method call")
        self._filters[client] = wanted

    def start(self, client: str) -> None:
        """A program begins to listen.

        Raises:
            BusError: it does so already.
        """
        if client in self._sessions:
            raise BusError("InProgress", "Operation already in progress")
        self._sessions.add(client)

    def stop(self, client: str) -> None:
        """A program stops listening.

        Raises:
            BusError: it did not listen.
        """
        if client not in self._sessions:
            raise BusError("Failed", "No discovery started")
        self._sessions.discard(client)

    def forget(self, client: str) -> None:
        """A program is gone."""
        self._sessions.discard(client)
        self._filters.pop(client, None)

    def end(self) -> None:
        """Nobody can listen any more."""
        self._sessions.clear()

    def wants(self, peripheral: Peripheral, rssi: int) -> bool:
        """Whether any of those who listen wants to hear of a peripheral."""
        return any(_passes(self._filters.get(client, {}), peripheral, rssi) for client in self._sessions)


def _passes(wanted: Properties, peripheral: Peripheral, rssi: int) -> bool:
    said = peripheral.advertised()
    uuids = {normalize_uuid_str(uuid) for uuid in wanted["UUIDs"].value} if "UUIDs" in wanted else set()
    if uuids and uuids.isdisjoint(said["UUIDs"].value if "UUIDs" in said else ()):
        return False
    if "RSSI" in wanted and rssi < wanted["RSSI"].value:
        return False
    if "Transport" in wanted and wanted["Transport"].value == "bredr":
        return False
    pattern = wanted["Pattern"].value if "Pattern" in wanted else ""
    name = said["Name"].value if "Name" in said else ""
    return name.startswith(pattern) or peripheral.address.startswith(pattern)
