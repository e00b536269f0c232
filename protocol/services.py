"""What a GATT peripheral is made of, and what a Hideez Key shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto

from hideez_bench.protocol.profile import Profile

DEVICE_INFORMATION = ("manufacturer", "model", "serial", "firmware")
"""The characteristics of the Device Information service, by the profile's names."""


class Property(Flag):
    """What a central may do with a characteristic (Bluetooth Core 5.4, Vol 3, Part G, 3.3.1.1)."""

    READ = auto()
    WRITE = auto()
    WRITE_WITHOUT_RESPONSE = auto()
    NOTIFY = auto()


@dataclass(frozen=True)
class Characteristic:
    """A characteristic: its 128-bit UUID in lower case with dashes, and its properties."""

    uuid: str
    properties: Property


@dataclass(frozen=True)
class Service:
    """A primary service and its characteristics."""

    uuid: str
    characteristics: tuple[Characteristic, ...]


def key_services(profile: Profile) -> tuple[Service, ...]:
    """The services of a key, in the order in which they are registered; the first is advertised."""
    uuid = profile.uuid
    return (
        Service(
            uuid("hideez_service"),
            (
                Characteristic(
                    uuid("main"), Property.WRITE | Property.WRITE_WITHOUT_RESPONSE | Property.NOTIFY
                ),
                Characteristic(uuid("info"), Property.READ),
            ),
        ),
        Service(
            uuid("battery_service"),
            (Characteristic(uuid("battery_level"), Property.READ | Property.NOTIFY),),
        ),
        Service(
            uuid("device_information"),
            tuple(Characteristic(uuid(name), Property.READ) for name in DEVICE_INFORMATION),
        ),
    )
