"""How the shipped client differs from what its authors meant, each difference by name."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Behaviour:
    """What the client does as it was shipped (True) rather than as it was meant (False).

    Attributes:
        cancel_does_nothing: Cancel at the code prompt is heard by nobody; the prompt stays until its time is over.
        third_timeout_is_silent: a third attempt to connect that takes too long ends the flow without a word.
        report_replaces_error: where the report after a failed activation fails too, its error is the one shown.
        errors_by_code_alone: of an error of key or server the person reads its name, and nothing of the case.
        rfid_fails: a key is never found by its radio tag.
        standalone_clock_is_local: without a server, the key's clock is set to local time.
    """

    cancel_does_nothing: bool = False
    third_timeout_is_silent: bool = False
    report_replaces_error: bool = False
    errors_by_code_alone: bool = False
    rfid_fails: bool = False
    standalone_clock_is_local: bool = False


MEANT = Behaviour()
AS_SHIPPED = Behaviour(**{field.name: True for field in fields(Behaviour)})
