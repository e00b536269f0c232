"""All scenarios, by name."""

from __future__ import annotations

from difflib import get_close_matches

from hideez_bench.harness.scenarios import codes, mail, pairing, server, signal
from hideez_bench.harness.scenarios.scenario import Scenario
from hideez_bench.protocol.errors import BenchError

SCENARIOS = (
    pairing.new_key_asleep,
    pairing.missed_green_press,
    pairing.lost_bond_on_host,
    pairing.ltk_error,
    pairing.lost_bond_on_key,
    pairing.bonds_full,
    pairing.unstable_link,
    signal.weak_signal,
    signal.computer_locks_itself,
    signal.radio_tag_does_nothing,
    pairing.alarm_deletes_bonds,
    pairing.offline_with_master_key,
    mail.mail_never_arrives,
    codes.old_code,
    codes.someone_elses_code,
    codes.prompt_times_out,
    codes.three_wrong_codes,
    codes.cancel_does_nothing,
    server.not_assigned,
    server.linked_to_another_server,
    server.unknown_to_the_server,
    server.manually_wiped,
    server.wiped_before_its_code,
    server.reported_as_lost,
    server.remote_channel_times_out,
)

CATALOGUE = {scenario.name: scenario for scenario in SCENARIOS}


def find(name: str) -> Scenario:
    """The scenario of a name.

    Raises:
        BenchError: there is none; the nearest names are told.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = get_close_matches(name, CATALOGUE, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "hideez-bench scenario list has them all."
    raise BenchError(f"There is no scenario {name!r}; {hint}")
