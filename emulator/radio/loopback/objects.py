"""Objects on a message bus: their properties, their methods, and the tree in which they stand.

dbus-fast has a service layer of its own, but it does not tell a method who calls, and who calls is what most of
BlueZ's rules are about.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from dbus_fast import ArgDirection, ErrorType, Message, MessageFlag, MessageType, PropertyAccess, Variant
from dbus_fast import introspection as intr
from dbus_fast.aio import MessageBus
from dbus_fast.signature import get_signature_tree

from hideez_bench.protocol.background import Background

PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
PEER = "org.freedesktop.DBus.Peer"

Properties = dict[str, Variant]
Handler = TypeVar("Handler", bound=Callable[..., Any])


class BusError(Exception):
    """An error reply. `name` is a whole D-Bus error name, or the last part of one of BlueZ's."""

    def __init__(self, name: str | ErrorType, text: str) -> None:
        super().__init__(text)
        whole = name.value if isinstance(name, ErrorType) else name
        self.name = whole if "." in whole else f"org.bluez.Error.{whole}"
        self.text = text


@dataclass(frozen=True)
class Method:
    """A method: its interface and name, and the signatures of what it takes and gives."""

    interface: str
    name: str
    takes: str
    gives: str


def method(interface: str, name: str, takes: str = "", gives: str = "") -> Callable[[Handler], Handler]:
    """Mark a method of a `BusObject`. It gets the caller's bus name, then its arguments; it may be a coroutine."""

    def mark(handler: Handler) -> Handler:
        handler.bus_method = Method(interface, name, takes, gives)  # type: ignore[attr-defined]
        return handler

    return mark


class BusObject:
    """One object: a path, and properties by interface. An `audience` is the one bus name that can see it."""

    def __init__(
        self, tree: ObjectTree, path: str, interfaces: dict[str, Properties], audience: str | None = None
    ) -> None:
        self.tree = tree
        self.path = path
        self.interfaces = interfaces
        self.audience = audience

    @classmethod
    def methods(cls) -> dict[tuple[str, str], tuple[Method, Callable[..., Any]]]:
        """All marked methods, by interface and name."""
        marked = (handler for _, handler in inspect.getmembers(cls, inspect.isfunction))
        found = ((handler.bus_method, handler) for handler in marked if hasattr(handler, "bus_method"))
        return {(known.interface, known.name): (known, handler) for known, handler in found}

    def set_property(self, caller: str, interface: str, name: str, value: Variant) -> None:
        """Somebody sets a property. Objects that have such properties override this."""
        del caller, interface, value
        raise BusError(ErrorType.PROPERTY_READ_ONLY, f"{name} cannot be set")

    def change(
        self,
        interface: str,
        changed: Properties,
        invalidated: Iterable[str] = (),
        onlookers: Iterable[str] | None = None,
    ) -> None:
        """Change properties, and tell everybody who can see the object, or only some onlookers."""
        gone = [name for name in invalidated if self.interfaces[interface].pop(name, None) is not None]
        self.interfaces[interface].update(changed)
        if changed or gone:
            body = [interface, changed, gone]
            for audience in (self.audience,) if onlookers is None else onlookers:
                self.tree.signal(self.path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body, audience)

    def value(self, interface: str, name: str) -> Any:
        """The value of a property."""
        return self.interfaces[interface][name].value


class ObjectTree:
    """The objects of one bus connection: answers the calls to them, and tells of their coming and going."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self.viewers: set[str] = set()
        """The programs that have looked at all objects."""
        self._objects: dict[tuple[str | None, str], BusObject] = {}
        self._answering = Background("the loopback radio")

    def add(self, item: BusObject) -> None:
        """Show an object."""
        self._objects[item.audience, item.path] = item
        self.signal(
            "/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [item.path, item.interfaces], item.audience
        )

    def remove(self, item: BusObject) -> None:
        """Take an object away; nothing if it is not there."""
        if self._objects.pop((item.audience, item.path), None) is not None:
            body = [item.path, list(item.interfaces)]
            self.signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", body, item.audience)

    def find(self, path: str, viewer: str | None = None) -> BusObject | None:
        """The object at a path, as a viewer sees it."""
        return self._objects.get((viewer, path)) or self._objects.get((None, path))

    def signal(
        self, path: str, interface: str, member: str, signature: str, body: list[Any], audience: str | None
    ) -> None:
        """Send a signal, to everybody or to one bus name."""
        message = Message.new_signal(path, interface, member, signature, body)
        message.destination = audience
        self._bus.send(message)

    async def close(self) -> None:
        """Give up what is being answered."""
        await self._answering.close()

    def handle(self, message: Message) -> bool:
        """A message handler for the bus: takes every method call. They begin in the order of their arrival."""
        if message.message_type is not MessageType.METHOD_CALL or message.interface == PEER:
            return False
        self._answering.spawn(self._answer(message))
        return True

    async def _answer(self, message: Message) -> None:
        try:
            signature, result = self._call(message)
            if inspect.iscoroutine(result):
                result = await result
            reply = Message.new_method_return(message, signature, [result] if signature else [])
        except BusError as error:
            reply = Message.new_error(message, error.name, error.text)
        if self._bus.connected and not message.flags & MessageFlag.NO_REPLY_EXPECTED:
            self._bus.send(reply)

    def _call(self, message: Message) -> tuple[str, Any]:
        """The signature of the answer, and the answer or a coroutine that gives it."""
        caller, path = message.sender or "", message.path or ""
        if message.interface == OBJECT_MANAGER and message.member == "GetManagedObjects" and path == "/":
            self.viewers.add(caller)
            return "a{oa{sa{sv}}}", self._managed(caller)
        if message.interface == INTROSPECTABLE and message.member == "Introspect":
            return "s", self._introspect(path, caller)
        item = self.find(path, caller)
        if item is None:
            raise BusError(ErrorType.UNKNOWN_OBJECT, f"There is no object {path}")
        if message.interface == PROPERTIES:
            return self._property(item, message)
        known, handler = (
            type(item).methods().get((message.interface or "", message.member or ""), (None, None))
        )
        if known is None or handler is None:
            raise BusError(
                ErrorType.UNKNOWN_METHOD, f"{path} has no method {message.interface}.{message.member}"
            )
        if known.takes != message.signature:
            raise BusError(
                ErrorType.INVALID_ARGS, f"{known.name} takes ({known.takes}), not ({message.signature})"
            )
        return known.gives, handler(item, caller, *message.body)

    def _property(self, item: BusObject, message: Message) -> tuple[str, Any]:
        match message.member, message.signature:
            case "GetAll", "s":
                return "a{sv}", item.interfaces.get(message.body[0], {})
            case "Get", "ss":
                interface, name = message.body
                if name not in item.interfaces.get(interface, {}):
                    raise BusError(
                        ErrorType.UNKNOWN_PROPERTY, f"{item.path} has no property {interface}.{name}"
                    )
                return "v", item.interfaces[interface][name]
            case "Set", "ssv":
                interface, name, value = message.body
                item.set_property(message.sender or "", interface, name, value)
                return "", None
        raise BusError(ErrorType.UNKNOWN_METHOD, f"There is no {message.member}({message.signature})")

    def _managed(self, viewer: str) -> dict[str, dict[str, Properties]]:
        return {
            path: item.interfaces
            for (audience, path), item in self._objects.items()
            if audience in {None, viewer}
        }

    def _introspect(self, path: str, viewer: str) -> str:
        node = intr.Node.default(path)
        item = self.find(path, viewer)
        if item is not None:
            node.interfaces += [_describe(type(item), *entry) for entry in item.interfaces.items()]
        if path == "/":
            node.interfaces.append(intr.Interface(OBJECT_MANAGER, methods=[_MANAGED]))
        start = path.rstrip("/") + "/"
        below = {
            known[len(start) :].split("/")[0] for known in self._managed(viewer) if known.startswith(start)
        }
        node.nodes = [intr.Node(name, is_root=False) for name in sorted(below)]
        return node.tostring()


_MANAGED = intr.Method("GetManagedObjects", [], [intr.Arg("a{oa{sa{sv}}}", ArgDirection.OUT, "objects")])


def _describe(kind: type[BusObject], interface: str, properties: Properties) -> intr.Interface:
    """The introspection of one interface of an object."""
    methods = [
        intr.Method(
            known.name,
            [intr.Arg(part, ArgDirection.IN) for part in _parts(known.takes)],
            [intr.Arg(part, ArgDirection.OUT) for part in _parts(known.gives)],
        )
        for known, _ in kind.methods().values()
        if known.interface == interface
    ]
    values = [
        intr.Property(name, value.signature, PropertyAccess.READWRITE) for name, value in properties.items()
    ]
    return intr.Interface(interface, methods=methods, properties=values)


def _parts(signature: str) -> list[str]:
    """The complete types in a signature."""
    return [part.signature for part in get_signature_tree(signature).types]
