"""A peripheral's services, characteristics and descriptors, as a connected central's programs see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbus_fast import Message, MessageType, Variant

from hideez_bench.emulator.radio.loopback import att
from hideez_bench.emulator.radio.loopback.objects import BusError, BusObject, method
from hideez_bench.emulator.radio.loopback.peripheral import (
    CCCD,
    CHARACTERISTIC,
    DESCRIPTOR,
    SERVICE,
    LocalCharacteristic,
    LocalDescriptor,
    LocalService,
)

if TYPE_CHECKING:
    from hideez_bench.emulator.radio.loopback.link import Link

Options = dict[str, Variant]


class RemoteService(BusObject):
    """`org.bluez.GattService1`."""

    def __init__(self, link: Link, service: LocalService) -> None:
        path = f"{link.device.path}/service{service.handle:04x}"
        properties = {
            "UUID": Variant("s", service.uuid),
            "Device": Variant("o", link.device.path),
            "Primary": Variant("b", service.primary),
            "Includes": Variant("ao", []),
        }
        super().__init__(link.device.tree, path, {SERVICE: properties})


class RemoteAttribute(BusObject):
    """What characteristics and descriptors have in common: a value at the other end of a link."""

    interface: str

    def __init__(
        self,
        link: Link,
        path: str,
        item: LocalCharacteristic | LocalDescriptor,
        properties: dict[str, Variant],
    ) -> None:
        common = {
            "UUID": Variant("s", item.uuid),
            "Value": Variant("ay", b""),
            "Flags": Variant("as", item.flags),
        }
        super().__init__(link.device.tree, path, {self.interface: common | properties})
        self.link = link
        self._path_there = item.path
        self._flags = item.flags

    def allows(self, operation: str) -> bool:
        """Whether a flag allows an operation, also one that BlueZ would encrypt for."""
        return any(flag == operation or flag.endswith(f"-{operation}") for flag in self._flags)

    def notified(self, value: bytes) -> None:
        """Show a value, also one that equals the last."""
        self.change(self.interface, {"Value": Variant("ay", value)})

    def use(self, caller: str) -> None:
        """Note that a program uses the link.

        Raises:
            BusError: the link is gone.
        """
        if not self.link.is_open:
            raise BusError("NotConnected", "Not Connected")
        self.link.holders.add(caller)

    async def read_value(self, caller: str, options: Options) -> bytes:
        """Read, in as many parts as the MTU makes necessary; shown as a changed value too, as BlueZ does."""
        self.use(caller)
        if not self.allows("read"):
            raise att.error_of(att.READ_NOT_PERMITTED)
        start = options["offset"].value if "offset" in options else 0
        value = b""
        async with self.link.turn:
            while len(value) < att.MAX_VALUE:
                offset = {"offset": Variant("q", start + len(value))} if start + len(value) else {}
                reply = await self._request("ReadValue", "a{sv}", [self._options() | offset])
                if reply.message_type is MessageType.ERROR:
                    raise att.error_of(att.code_of(reply, att.READ_NOT_PERMITTED))
                part = bytes(reply.body[0])[: self.link.mtu - 1]
                value += part
                if len(part) < self.link.mtu - 1:
                    break
        value = value[: att.MAX_VALUE]
        self.notified(value)
        return value

    async def write_value(self, caller: str, value: bytes, options: Options) -> None:
        """Write as a request or as a command, as the caller asks or the flags suggest."""
        self.use(caller)
        kind = options["type"].value if "type" in options else self._usual_write()
        if kind == "command":
            self._command(value)
        elif not self.allows("write"):
            raise att.error_of(att.WRITE_NOT_PERMITTED)
        elif len(value) > att.MAX_VALUE:
            raise att.error_of(att.INVALID_LENGTH)
        elif self.allows("write-without-response"):
            # BlueZ says "written" before it asks a program whose characteristic takes commands too.
            self._send_write(value)
        else:
            async with self.link.turn:
                reply = await self._request("WriteValue", "aya{sv}", [value, self._options("request")])
            if reply.message_type is MessageType.ERROR:
                raise att.error_of(att.code_of(reply, att.WRITE_NOT_PERMITTED))

    def _usual_write(self) -> str:
        return (
            "command" if self.allows("write-without-response") and "write" not in self._flags else "request"
        )

    def _command(self, value: bytes) -> None:
        if not self.allows("write-without-response"):
            raise BusError("NotSupported", "Operation is not supported")
        if len(value) > self.link.mtu - 3:
            raise BusError("Failed", "Failed to initiate write")
        self._send_write(value)

    def _send_write(self, value: bytes) -> None:
        self.link.peripheral.tell(
            self._path_there, self.interface, "WriteValue", "aya{sv}", [value, self._options("command")]
        )

    def _options(self, kind: str = "") -> Options:
        options = {
            "device": Variant("o", self.link.central_path),
            "link": Variant("s", "LE"),
            "mtu": Variant("q", self.link.mtu),
        }
        return options | ({"type": Variant("s", kind)} if kind else {})

    async def _request(self, member: str, signature: str = "", body: list[Any] | None = None) -> Message:
        """Ask the peripheral's program. One that does not answer in time loses the link, as in ATT."""
        if not self.link.is_open:
            raise BusError("NotConnected", "Not Connected")
        try:
            return await self.link.peripheral.call(self._path_there, self.interface, member, signature, body)
        except BusError:
            self.link.close()
            raise BusError("NotConnected", "Not Connected") from None


class RemoteCharacteristic(RemoteAttribute):
    """`org.bluez.GattCharacteristic1`. Each program subscribes for itself; the peripheral sees one central."""

    interface = CHARACTERISTIC

    def __init__(self, link: Link, service_path: str, item: LocalCharacteristic) -> None:
        properties = {
            "Service": Variant("o", service_path),
            "Notifying": Variant("b", False),
            "MTU": Variant("q", link.mtu),
        }
        super().__init__(link, f"{service_path}/char{item.handle:04x}", item, properties)
        self._item = item
        self._clients: set[str] = set()

    @method(CHARACTERISTIC, "ReadValue", "a{sv}", "ay")
    async def read(self, caller: str, options: Options) -> bytes:
        """Read the value."""
        return await self.read_value(caller, options)

    @method(CHARACTERISTIC, "WriteValue", "aya{sv}")
    async def write(self, caller: str, value: bytes, options: Options) -> None:
        """Write the value."""
        await self.write_value(caller, value, options)

    @method(CHARACTERISTIC, "StartNotify")
    async def start_notify(self, caller: str) -> None:
        """Subscribe a program."""
        self.use(caller)
        if not self._item.notifies:
            raise BusError("NotSupported", "Operation is not supported")
        if caller in self._clients:
            raise BusError("InProgress", "In Progress")
        self._clients.add(caller)
        async with self.link.turn:
            if self.link.subscribe(self._item):
                await self._tell_program(caller)
        self.change(CHARACTERISTIC, {"Notifying": Variant("b", True)})

    async def _tell_program(self, caller: str) -> None:
        reply = await self._request("StartNotify")
        if reply.message_type is MessageType.ERROR:
            self._clients.discard(caller)
            self._item.subscribers.pop(self.link, None)
            raise att.error_of(att.code_of(reply, att.WRITE_NOT_PERMITTED))

    @method(CHARACTERISTIC, "StopNotify")
    async def stop_notify(self, caller: str) -> None:
        """Unsubscribe a program."""
        if caller not in self._clients:
            raise BusError("Failed", "No notify session started")
        self.forget(caller)

    def forget(self, client: str) -> None:
        """A program wants no more notifications, or is gone."""
        if client in self._clients:
            self._clients.discard(client)
            if not self._clients:
                self.link.unsubscribe(self._item)
                self.change(CHARACTERISTIC, {"Notifying": Variant("b", False)})

    @method(CHARACTERISTIC, "AcquireWrite", "a{sv}", "hq")
    def acquire_write(self, caller: str, options: Options) -> None:
        """Not offered: writes go through `WriteValue`."""
        del caller, options
        raise BusError("NotSupported", "Operation is not supported")

    @method(CHARACTERISTIC, "AcquireNotify", "a{sv}", "hq")
    def acquire_notify(self, caller: str, options: Options) -> None:
        """Not offered: notifications come through `StartNotify`."""
        del caller, options
        raise BusError("NotSupported", "Operation is not supported")


class RemoteDescriptor(RemoteAttribute):
    """`org.bluez.GattDescriptor1`. The configuration of notifications (0x2902) is the stack's own."""

    interface = DESCRIPTOR

    def __init__(self, link: Link, characteristic: RemoteCharacteristic, item: LocalDescriptor) -> None:
        properties = {"Characteristic": Variant("o", characteristic.path)}
        super().__init__(link, f"{characteristic.path}/desc{item.handle:04x}", item, properties)
        self._characteristic = characteristic
        self._is_own = item.uuid == CCCD

    @method(DESCRIPTOR, "ReadValue", "a{sv}", "ay")
    async def read(self, caller: str, options: Options) -> bytes:
        """Read the value."""
        if self._is_own:
            self.use(caller)
            return b"\1\0" if self._characteristic.value(CHARACTERISTIC, "Notifying") else b"\0\0"
        return await self.read_value(caller, options)

    @method(DESCRIPTOR, "WriteValue", "aya{sv}")
    async def write(self, caller: str, value: bytes, options: Options) -> None:
        """Write the value; always as a request, for there is no other way in ATT."""
        if self._is_own:
            raise BusError("NotPermitted", "Write not permitted")
        await self.write_value(caller, value, options | {"type": Variant("s", "request")})
