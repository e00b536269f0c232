"""One of two servers on one database, as a process: `python -m tests.hes.rival URL NAME COUNT`.

Says "ready", waits for a line, then tries to give each of COUNT keys to an employee of its own, and prints as JSON
which it got and how long a transaction took at most, in seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from hideez_bench.emulator.hes.database import engine
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.emulator.hes.server import Hes


async def main(url: str, name: str, count: int) -> None:
    engine.PATIENCE = 30  # a slow machine is no error
    got: list[str] = []
    longest = 0.0
    async with Hes(url, observe=lambda event: None) as hes:
        employees = [hes.employees.create(EmployeeDetails(name, str(number))).id for number in range(count)]
        print("ready", flush=True)
        sys.stdin.readline()
        for number, employee in enumerate(employees):
            began = time.monotonic()
            try:
                await hes.employees.add_hardware_vault(employee, f"HK-{number}")
                got.append(f"HK-{number}")
            except HesRuleError as error:
                if error.code is not HesCode.HardwareVaultCannotReserve:
                    raise
            longest = max(longest, time.monotonic() - began)
    print(json.dumps({"got": got, "longest": longest}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
