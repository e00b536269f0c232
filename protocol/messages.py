"""Every message, under one name: `messages as m`. Each stands with its docstring in one of the three modules."""

from __future__ import annotations

from hideez_bench.protocol.boot_messages import (
    BootAnswer as BootAnswer,
)
from hideez_bench.protocol.boot_messages import (
    BootDescription as BootDescription,
)
from hideez_bench.protocol.boot_messages import (
    BootErase as BootErase,
)
from hideez_bench.protocol.boot_messages import (
    BootErased as BootErased,
)
from hideez_bench.protocol.boot_messages import (
    BootInfo as BootInfo,
)
from hideez_bench.protocol.boot_messages import (
    BootRequest as BootRequest,
)
from hideez_bench.protocol.boot_messages import (
    BootRun as BootRun,
)
from hideez_bench.protocol.boot_messages import (
    BootStarted as BootStarted,
)
from hideez_bench.protocol.boot_messages import (
    BootVerified as BootVerified,
)
from hideez_bench.protocol.boot_messages import (
    BootVerify as BootVerify,
)
from hideez_bench.protocol.boot_messages import (
    BootWrite as BootWrite,
)
from hideez_bench.protocol.boot_messages import (
    BootWritten as BootWritten,
)
from hideez_bench.protocol.command_messages import (
    Access as Access,
)
from hideez_bench.protocol.command_messages import (
    Body as Body,
)
from hideez_bench.protocol.command_messages import (
    ChangePassphrase as ChangePassphrase,
)
from hideez_bench.protocol.command_messages import (
    CheckPassphrase as CheckPassphrase,
)
from hideez_bench.protocol.command_messages import (
    ClearLog as ClearLog,
)
from hideez_bench.protocol.command_messages import (
    Confirm as Confirm,
)
from hideez_bench.protocol.command_messages import (
    DeleteStorage as DeleteStorage,
)
from hideez_bench.protocol.command_messages import (
    EnterBoot as EnterBoot,
)
from hideez_bench.protocol.command_messages import (
    EnterPin as EnterPin,
)
from hideez_bench.protocol.command_messages import (
    EnumStorage as EnumStorage,
)
from hideez_bench.protocol.command_messages import (
    Envelope as Envelope,
)
from hideez_bench.protocol.command_messages import (
    FetchLog as FetchLog,
)
from hideez_bench.protocol.command_messages import (
    ForceSetPin as ForceSetPin,
)
from hideez_bench.protocol.command_messages import (
    GetAccessProfile as GetAccessProfile,
)
from hideez_bench.protocol.command_messages import (
    GetInfo as GetInfo,
)
from hideez_bench.protocol.command_messages import (
    GetOtp as GetOtp,
)
from hideez_bench.protocol.command_messages import (
    Link as Link,
)
from hideez_bench.protocol.command_messages import (
    LoadLicense as LoadLicense,
)
from hideez_bench.protocol.command_messages import (
    LockDeviceCode as LockDeviceCode,
)
from hideez_bench.protocol.command_messages import (
    Ping as Ping,
)
from hideez_bench.protocol.command_messages import (
    QueryActiveLicense as QueryActiveLicense,
)
from hideez_bench.protocol.command_messages import (
    QueryLicense as QueryLicense,
)
from hideez_bench.protocol.command_messages import (
    ReadStorage as ReadStorage,
)
from hideez_bench.protocol.command_messages import (
    Reply as Reply,
)
from hideez_bench.protocol.command_messages import (
    Request as Request,
)
from hideez_bench.protocol.command_messages import (
    SetPin as SetPin,
)
from hideez_bench.protocol.command_messages import (
    Unlock as Unlock,
)
from hideez_bench.protocol.command_messages import (
    UnlockDeviceCode as UnlockDeviceCode,
)
from hideez_bench.protocol.command_messages import (
    Wipe as Wipe,
)
from hideez_bench.protocol.command_messages import (
    WriteStorage as WriteStorage,
)
from hideez_bench.protocol.control_messages import (
    Answer as Answer,
)
from hideez_bench.protocol.control_messages import (
    Busy as Busy,
)
from hideez_bench.protocol.control_messages import (
    Cancel as Cancel,
)
from hideez_bench.protocol.control_messages import (
    Cancelled as Cancelled,
)
from hideez_bench.protocol.control_messages import (
    ControlError as ControlError,
)
from hideez_bench.protocol.control_messages import (
    ControlRequest as ControlRequest,
)
from hideez_bench.protocol.control_messages import (
    EncryptionReset as EncryptionReset,
)
from hideez_bench.protocol.control_messages import (
    EncryptionVerified as EncryptionVerified,
)
from hideez_bench.protocol.control_messages import (
    FromKey as FromKey,
)
from hideez_bench.protocol.control_messages import (
    GetRootKey as GetRootKey,
)
from hideez_bench.protocol.control_messages import (
    Info as Info,
)
from hideez_bench.protocol.control_messages import (
    ReadInfo as ReadInfo,
)
from hideez_bench.protocol.control_messages import (
    ReadValue as ReadValue,
)
from hideez_bench.protocol.control_messages import (
    ResetEncryption as ResetEncryption,
)
from hideez_bench.protocol.control_messages import (
    RootKey as RootKey,
)
from hideez_bench.protocol.control_messages import (
    Status as Status,
)
from hideez_bench.protocol.control_messages import (
    ToKey as ToKey,
)
from hideez_bench.protocol.control_messages import (
    Value as Value,
)
from hideez_bench.protocol.control_messages import (
    VerifyEncryption as VerifyEncryption,
)
from hideez_bench.protocol.control_messages import (
    WipeStatus as WipeStatus,
)
