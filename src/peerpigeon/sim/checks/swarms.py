"""What clients of a tracker must not have seen: draws of who is gone, answers that go astray.

An offer that is under way when a swarm's lead changes may be lost, but none comes twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.sim.checks.reach import sound_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from peerpigeon.sim.visitors.downloader import (
        Announced,
        Downloader,
        HeardOffer,
        Membership,
    )

PROMPT = 5.0
"""Seconds within which the mesh knows who is in a swarm, and answers, in a quiet time."""

KNOWN = 20.0
"""Seconds after which it knows that somebody is gone, whatever happens."""


@dataclass(slots=True)
class SwarmLedger:
    """All that downloaders have said and heard, and when the mesh was quiet."""

    downloaders: Sequence[Downloader]
    quiet: Sequence[tuple[float, float]] = ()
    judged: Counter[str] = field(default_factory=Counter)
    """How many offers, answers and counts a quiet time was asked for."""
    by_swarm: dict[str, list[Membership]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Sort who was where."""
        for downloader in self.downloaders:
            for membership in downloader.memberships:
                self.by_swarm[membership.swarm].append(membership)

    def faults(self) -> Iterator[str]:
        """Yield a sentence for whatever must not be."""
        yield from self._offers()
        yield from self._answers()
        yield from self._counts()

    def _is_quiet(self, since: float, until: float) -> bool:
        return any(first <= since and until <= last for first, last in self.quiet)

    def _members(self, swarm: str, since: float, until: float) -> tuple[int, int]:
        """Return how many were in a swarm all that time, and at any part of it."""
        always = ever = 0
        for one in self.by_swarm[swarm]:
            over = _over(one)
            always += one.since <= since and until <= over
            ever += one.since <= until and since <= over
        return always, ever

    # Offers

    def _offers(self) -> Iterator[str]:
        heard: dict[str, list[HeardOffer]] = defaultdict(list)
        for downloader in self.downloaders:
            for offer in downloader.offers:
                heard[offer.serial].append(offer)
                yield from self._judge_draw(downloader, offer)
        for downloader in self.downloaders:
            for announced in downloader.announced:
                yield from self._judge_announce(announced, heard)

    def _judge_draw(self, downloader: Downloader, offer: HeardOffer) -> Iterator[str]:
        if offer.source == downloader.number:
            yield f"{offer.serial} came back to who had made it"
        stays = [one for one in downloader.memberships if one.swarm == offer.swarm]
        if not any(one.since <= offer.time <= _end(one) + KNOWN for one in stays):
            yield f"{offer.serial} came to one that is not in {offer.swarm}"
        if self._is_quiet(offer.time - PROMPT, offer.time) and not any(
            one.since <= offer.time <= _end(one) + PROMPT for one in stays
        ):
            yield f"{offer.serial} came to one that had left {offer.swarm}"

    def _judge_announce(
        self, announced: Announced, heard: dict[str, list[HeardOffer]]
    ) -> Iterator[str]:
        came = [heard[serial] for serial in announced.offers]
        takers = [offer.connection for each in came for offer in each]
        time, swarm = announced.time, announced.membership.swarm
        is_quiet = self._is_quiet(time - PROMPT, time + PROMPT)
        if any(len(each) > 1 for each in came):
            yield f"offers of {time:.2f} in {swarm} came {max(map(len, came))} times"
        if len(takers) > len(set(takers)):
            yield f"two offers of {time:.2f} in {swarm} came to one"
        if not is_quiet or _over(announced.membership) < time + PROMPT:
            return
        if announced.answered is None or announced.answered > time + PROMPT:
            yield f"an announce of {time:.2f} in {swarm} was not answered"
        always, ever = self._members(swarm, time - PROMPT, time + PROMPT)
        is_settled = announced.membership.since <= time - PROMPT
        others, most = always - is_settled, ever - 1
        # Any of those who come or go just then may have been drawn, and not be there.
        least = min(len(came), others) - (most - others)
        if least > 0:
            self.judged["offers"] += 1
        if not least <= len(takers) <= min(len(came), most):
            yield (
                f"of the offers of {time:.2f} in {swarm} {len(takers)} came, others: {others} to"
                f" {most}"
            )

    # Answers

    def _answers(self) -> Iterator[str]:
        made = {
            serial: announced.membership
            for downloader in self.downloaders
            for announced in downloader.announced
            for serial in announced.offers
        }
        heard: Counter[tuple[str, int]] = Counter()
        for downloader in self.downloaders:
            for answer in downloader.answers:
                heard[answer.serial, answer.source] += 1
                if made[answer.serial].owner != downloader.number:
                    yield f"an answer to {answer.serial} came to {downloader.number}"
        given = Counter(
            (one.serial, each.number) for each in self.downloaders for one in each.answered
        )
        for (serial, source), times in heard.items():
            if times > given[serial, source]:
                yield f"the answer of {source} to {serial} came {times} times"
        for downloader in self.downloaders:
            for one in downloader.answered:
                yield from self._judge_answer(
                    one.serial,
                    one.time,
                    sound_until(one.connection),
                    made[one.serial],
                    is_heard=bool(heard[one.serial, downloader.number]),
                )

    def _judge_answer(
        self, serial: str, time: float, sound: float, maker: Membership, *, is_heard: bool
    ) -> Iterator[str]:
        due = time + PROMPT
        if self._is_quiet(time, due) and sound > due and _over(maker) > due:
            self.judged["answers"] += 1
            if not is_heard:
                yield f"the answer of {time:.2f} to {serial} did not come"

    # Counts

    def _counts(self) -> Iterator[str]:
        for downloader in self.downloaders:
            for told in downloader.counts:
                since = told.asked - PROMPT
                if not self._is_quiet(since, told.time):
                    continue
                self.judged["counts"] += 1
                always, ever = self._members(told.swarm, since, told.time)
                if not always <= told.complete + told.incomplete <= ever:
                    yield (
                        f"{told.swarm} had {told.complete} + {told.incomplete} at {told.time:.2f},"
                        f" not {always} to {ever}"
                    )
                least, most = self._complete(told.swarm, since, told.time)
                if not least <= told.complete <= most:
                    yield (
                        f"{told.swarm} had {told.complete} complete ones at {told.time:.2f},"
                        f" not {least} to {most}"
                    )

    def _complete(self, swarm: str, since: float, until: float) -> tuple[int, int]:
        always = ever = 0
        for one in self.by_swarm[swarm]:
            first = one.complete_from
            if first is not None:
                over = _over(one)
                always += first <= since and until <= over
                ever += first <= until and since <= over
        return always, ever


def _end(membership: Membership) -> float:
    """Return when somebody has left a swarm; infinite if it is there."""
    return float("inf") if membership.until is None else membership.until


def _over(membership: Membership) -> float:
    """Return when somebody has left a swarm, or lost its connection without knowing."""
    return min(_end(membership), sound_until(membership.connection))
