"""Looking at how things are: what is so is told as a fact, what is otherwise ends the scenario."""

from __future__ import annotations

from hideez_bench.harness.client.errors import ClientErrorCode, ConnectTimeout, FlowMessage, WorkflowError
from hideez_bench.harness.client.outcome import vendor_name
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.scenarios.story import Story, Voice
from hideez_bench.harness.timeline import Kind
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesErrorCode

Ending = FlowMessage | HesErrorCode | ClientErrorCode


class WentOtherwise(BenchError):
    """A scenario did not go as it should."""


class Witness:
    """Looks, and tells the story. Every look raises `WentOtherwise` where it is not so."""

    def __init__(self, story: Story) -> None:
        self.story = story

    def fact(self, holds: bool, text: str) -> None:
        """Tell something that was looked at."""
        if not holds:
            raise WentOtherwise(f"This is not so: {text}")
        self.story.tell(Voice.FACT, text)

    def online(self, result: FlowResult) -> None:
        """The flow came to its good end."""
        if result.error:
            raise WentOtherwise(f"The key should be online; instead: {result.error}")
        self.story.tell(Voice.FACT, "The key is online.", Kind.GOOD)

    def ended(self, result: FlowResult, ending: Ending) -> None:
        """The flow ended so, and the person was told, or nothing where that is how it ends."""
        error = result.error
        if error is None:
            raise WentOtherwise(f"The flow should have ended with {ending}; the key is online.")
        name = error.message if isinstance(error, WorkflowError) else vendor_name(error)
        if name != ending:
            raise WentOtherwise(f"The flow should have ended with {ending}; it ended with {name}: {error}")
        if result.end.silent:
            self.silent(result)

    def silent(self, result: FlowResult) -> None:
        """The flow ended without a word."""
        if result.error is None or result.message:
            raise WentOtherwise(f"The flow should have ended without a word; it said: {result.message}")
        self.story.tell(Voice.FACT, "The client says nothing.")

    def not_connected(self, result: FlowResult) -> None:
        """No attempt over the dongle led to a link; as shipped, a last one that takes too long ends without a word."""
        if isinstance(result.error, ConnectTimeout):
            self.silent(result)
        else:
            self.ended(result, FlowMessage.CONNECTION_FAILED_DONGLE)

    def took(self, since: float, seconds: float) -> None:
        """About so many seconds have passed since a time of the story."""
        passed = self.story.elapsed - since
        if not seconds - 0.1 <= passed <= seconds + 2:
            raise WentOtherwise(f"This should have taken {seconds:g} s; it took {passed:.1f} s.")
