"""The layouts of the control messages, boot mode's and the serial line's included."""

from __future__ import annotations

from construct import Bytes, GreedyBytes, Int8ul, Int16ul, Int32ul

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.fields import NONCE, POINT, SIGNATURE, VERSION, Fields, if_ok
from hideez_bench.protocol.layout import Layout, MessageSet, limited
from hideez_bench.protocol.profile import Profile
from hideez_bench.protocol.value_layouts import INFO
from hideez_bench.protocol.values import DeviceState

LONGEST = 2**16
"""Of anything that goes on to the end: more than any message holds."""


def to_key(profile: Profile) -> MessageSet[m.ToKey]:
    """What a host sends."""
    return MessageSet(
        profile.numbers("control"),
        [
            Layout(m.Cancel),
            Layout(m.GetRootKey),
            Layout(m.VerifyEncryption, "channel" / Int8ul, "host_public" / POINT, "host_nonce" / NONCE),
            Layout(m.ResetEncryption, "channel" / Int8ul),
            Layout(m.ReadInfo),
            Layout(m.ReadValue, "uuid16" / Int16ul),
            Layout(m.BootInfo),
            Layout(m.BootErase),
            Layout(m.BootWrite, "offset" / Int32ul, "data" / limited(GreedyBytes, 1, LONGEST)),
            Layout(m.BootVerify, "length" / Int32ul, "sha256" / Bytes(32), "signature" / SIGNATURE),
            Layout(m.BootRun),
        ],
    )


def from_key(profile: Profile, fields: Fields, device_state: Layout[DeviceState]) -> MessageSet[m.FromKey]:
    """What a key sends."""
    error = "error" / fields.error
    return MessageSet(
        profile.numbers("control"),
        [
            Layout(m.Status, "state" / device_state.field),
            Layout(m.RootKey, error, "root_public" / if_ok(POINT)),
            Layout(
                m.EncryptionVerified,
                error,
                "channel" / if_ok(Int8ul),
                "key_public" / if_ok(POINT),
                "key_nonce" / if_ok(NONCE),
                "proof" / if_ok(SIGNATURE),
            ),
            Layout(m.EncryptionReset, error, "channel" / if_ok(Int8ul)),
            Layout(m.Busy, "channel" / Int8ul),
            Layout(m.Cancelled),
            Layout(m.WipeStatus, "result" / fields.wipe_result),
            Layout(m.Info, "value" / INFO.field),
            Layout(m.Value, "uuid16" / Int16ul, "value" / GreedyBytes),
            Layout(
                m.BootDescription,
                error,
                "bootloader" / if_ok(VERSION),
                "image_limit" / if_ok(Int32ul),
                "data_limit" / if_ok(Int16ul),
            ),
            Layout(m.BootErased, error),
            Layout(m.BootWritten, error),
            Layout(m.BootVerified, error),
            Layout(m.BootStarted, error),
            Layout(m.ControlError, error),
        ],
    )
