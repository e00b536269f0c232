"""/api as a whole."""

from __future__ import annotations

from fastapi import APIRouter

from hideez_bench.emulator.hes.web.rest import (
    accounts,
    bench,
    employees,
    identity,
    org_structure,
    profiles,
    shared_accounts,
    vaults,
    workstations,
)

PARTS = (identity, employees, accounts, vaults, profiles, workstations, bench, shared_accounts, org_structure)


def router() -> APIRouter:
    """Every route below /api."""
    api = APIRouter(prefix="/api")
    for part in PARTS:
        api.include_router(part.router)
    return api
