"""/api as a whole."""

from __future__ import annotations

from fastapi import APIRouter

from hideez_bench.emulator.hes.web.rest import (
    accounts,
    audit,
    bench,
    dashboard,
    employees,
    identity,
    org_structure,
    profiles,
    shared_accounts,
    summaries,
    templates,
    vaults,
    workstations,
)

PARTS = (
    identity,
    employees,
    accounts,
    vaults,
    profiles,
    workstations,
    bench,
    shared_accounts,
    org_structure,
    templates,
    dashboard,
    audit,
    summaries,
)


def router() -> APIRouter:
    """Every route below /api."""
    api = APIRouter(prefix="/api")
    for part in PARTS:
        api.include_router(part.router)
    return api
