"""Every scenario goes as it should, with the client as meant and as shipped, and tells no secret."""

from __future__ import annotations

import shutil

import pytest

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.harness.client.behaviour import AS_SHIPPED, MEANT, Behaviour
from hideez_bench.harness.scenarios.catalogue import CATALOGUE, SCENARIOS, find
from hideez_bench.harness.scenarios.play import Outcome, play
from hideez_bench.harness.scenarios.scenario import Scenario
from hideez_bench.harness.scenarios.scene import Scene
from hideez_bench.harness.scenarios.story import Part, Voice
from hideez_bench.harness.scenarios.witness import WentOtherwise
from hideez_bench.harness.targets import Radio
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.wire import default_wire

WIRE = default_wire()


def by_name(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.usefixtures("searchable_codes")
@pytest.mark.parametrize("behaviour", [MEANT, AS_SHIPPED], ids=["as meant", "as shipped"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=by_name)
def test_it_goes_as_it_should_and_tells_no_secret(
    scenario: Scenario, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: set[str] = set()
    read = Hes.__init__

    def watched(hes: Hes, *arguments: object, **more: object) -> None:
        read(hes, *arguments, **more)  # type: ignore[arg-type]
        activation_code = hes.vaults.activation_code

        def seen(serial: str) -> ActivationCode:
            code = activation_code(serial)
            codes.add(code.reveal().decode())
            return code

        monkeypatch.setattr(hes.vaults, "activation_code", seen)

    monkeypatch.setattr(Hes, "__init__", watched)
    outcome = play(scenario, WIRE, behaviour=behaviour)
    assert outcome.error is None, outcome.error
    assert codes
    told = {line.part for line in outcome.lines if not line.detail}
    assert told == set(Part)
    assert not [line for line in outcome.lines if any(code in line.text for code in codes)]


def texts(outcome: Outcome, voice: Voice) -> list[str]:
    return [line.text for line in outcome.lines if line.voice is voice and not line.detail]


def test_time_passes_in_the_story_and_not_on_the_clock() -> None:
    outcome = play(CATALOGUE["missed-green-press"], WIRE)
    (failed,) = [line for line in outcome.lines if line.text == "The key could not be paired."]
    assert failed.at == pytest.approx(15, abs=0.1)
    assert outcome.seconds > 35


def test_the_story_has_the_very_messages_of_the_client() -> None:
    outcome = play(CATALOGUE["three-wrong-codes"], WIRE)
    screen = texts(outcome, Voice.SCREEN)
    assert "That is not the code. 1 attempt left." in screen
    assert any("locked after too many wrong codes" in text for text in screen)
    assert "activates key ST1032026000203" in texts(outcome, Voice.ADMINISTRATOR)


def test_only_as_shipped_cancel_is_heard_by_nobody() -> None:
    scenario = CATALOGUE["cancel-does-nothing"]
    assert not any("Nobody heard it" in text for text in texts(play(scenario, WIRE), Voice.FACT))
    shipped = play(scenario, WIRE, behaviour=AS_SHIPPED)
    assert any("Nobody heard it" in text for text in texts(shipped, Voice.FACT))
    assert shipped.seconds > 30


def test_a_scenario_that_goes_otherwise_says_how_and_keeps_its_story() -> None:
    async def wrong(scene: Scene) -> None:
        scene.fact(scene.key.view.linked, "The key is linked.")

    outcome = play(Scenario("wrong", "", "", "", (), wrong), WIRE)
    assert isinstance(outcome.error, WentOtherwise)
    assert "The key is linked." in str(outcome.error)
    assert texts(outcome, Voice.FACT) == ["The key is new; the server knows it, and gave it to somebody."]


@pytest.mark.parametrize(
    "check",
    [
        lambda scene, result: scene.online(result),
        lambda scene, result: scene.not_connected(result),
        lambda scene, result: scene.took(scene.story.elapsed, 20),
    ],
    ids=["online", "not connected", "took"],
)
def test_what_a_scenario_looks_at_can_be_otherwise(check: object) -> None:
    async def cancels(scene: Scene) -> None:
        assert callable(check)
        check(scene, await scene.connect())

    assert isinstance(play(Scenario("wrong", "", "", "", (), cancels), WIRE).error, WentOtherwise)


def test_a_scenario_about_bonds_needs_a_radio_with_bonds() -> None:
    with pytest.raises(BenchError, match="--radio memory"):
        play(CATALOGUE["bonds-full"], WIRE, radio=Radio.LOOPBACK)


@pytest.mark.skipif(not shutil.which("dbus-daemon"), reason="the loopback radio needs dbus-daemon")
def test_a_scenario_on_the_loopback() -> None:
    outcome = play(CATALOGUE["three-wrong-codes"], WIRE, radio=Radio.LOOPBACK)
    assert outcome.error is None, outcome.error


@pytest.mark.parametrize(
    ("name", "hint"), [("tree-wrong-code", "three-wrong-codes"), ("zzz", "scenario list")]
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(BenchError, match=hint):
        find(name)
