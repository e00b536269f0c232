"""What needs a session, and what a viewer may ask for. A path that is not named here is refused by default."""

from __future__ import annotations

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Everything else needs a session. The hubs have an admission of their own.
OPEN_PATHS = frozenset(
    {
        "/login",
        "/login/code",
        "/api/Identity/Login",
        "/api/Identity/LoginWithPassword",
        "/api/Identity/LoginWithFido2",
        "/api/Identity/AuthN",
        "/appHub",
        "/appHub/negotiate",
        "/deviceHub",
        "/deviceHub/negotiate",
    }
)
# Where a form is shown to whom has no session.
VISITORS_PAGES = frozenset({"/login", "/login/code"})
OPEN_FOLDER = "/static/"
HUB_PATHS = frozenset({"/appHub", "/appHub/negotiate", "/deviceHub", "/deviceHub/negotiate"})

# What is asked by POST and changes nothing but the asker's own session. Everything else is an administrator's.
VIEWER_MAY_POST = OPEN_PATHS | frozenset(
    {
        "/logout",
        "/password",
        "/two-factor/begin",
        "/two-factor/on",
        "/two-factor/off",
        "/api/Identity/Logout",
        "/api/Identity/RefreshSignIn",
        "/api/Employees/GetFilteredEmployees",
        "/api/HardwareVaults/GetFilteredHardwareVaults",
        "/api/Workstations/GetFilteredWorkstations",
        "/api/Audit/GetFilteredEvents",
        "/api/Audit/GetFilteredSessions",
        "/api/Audit/GetFilteredSummaryByDayAndEmployees",
        "/api/Audit/GetFilteredSummaryByEmployees",
        "/api/Audit/GetFilteredSummaryByDepartments",
        "/api/Audit/GetFilteredSummaryByWorkstations",
    }
)
