"""A hub that has the secret of its mesh and lies.

It does all that a hub does, so that it keeps its links and is one of the rendezvous hubs of some
namespaces; and from when it ``is_lying`` it drops, misroutes and repeats what it is to pass on, and
makes up adverts, streams, departures, grants and signals. In whose name it speaks, the two sets of
lies say: those in its own, which are news, and those in anybody's, which are numbers and adverts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.core import Hub
from peerpigeon.core.interface.actions import SendToLink
from peerpigeon.core.wire.hub_codec import batch, decode, encode
from peerpigeon.core.wire.hub_frames import (
    Ack,
    Advert,
    Adverts,
    Carrier,
    Frame,
    Heartbeat,
    LinkEnd,
    Purpose,
    Routed,
    Sealed,
    Segment,
)
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Found,
    Gone,
    Granted,
    Leave,
    Located,
    Meet,
    Member,
    More,
    Refusal,
    Relay,
    Resync,
    Undelivered,
)
from peerpigeon.core.wire.ranges import LAST_INCARNATION
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.identity import Identity
    from peerpigeon.core.ids import LinkId, PeerId
    from peerpigeon.core.interface.actions import Action
    from peerpigeon.core.wire.hub_frames import Body
    from peerpigeon.core.wire.hub_news import News

LAST = 2**63 - 1

DROPPED, MISROUTED, REPEATED = 0.2, 0.1, 0.1
"""Shares of the frames that it is to pass on."""

FORGED_SHARE = 0.5
"""Share of the segments that a forger changes on their way."""

LIES = 6
"""That it tells with each heartbeat over each link."""

FORGED = b'{"serial":"0.0","type":"offer"}'
"""The data of a signal that no client has sent."""


@dataclass(slots=True)
class Overheard:
    """What a liar knows of the clients of others."""

    namespaces: list[str] = field(default_factory=list)
    members: list[tuple[str, Located]] = field(default_factory=list)

    def take(self, source: PeerId, news: News) -> None:
        """Take note of who is where."""
        match news:
            case Meet(namespace=namespace, members=members):
                self._note(namespace, list(members))
            case Relay(namespace=namespace, sender=sender, sender_session=session):
                self._note(
                    namespace,
                    [Located(source, Member(sender, session, _introduction(sender)))],
                )

    def _note(self, namespace: str, located: list[Located]) -> None:
        if namespace not in self.namespaces:
            self.namespaces.append(namespace)
        self.members = [*self.members, *((namespace, one) for one in located)][-_REMEMBERED:]


_REMEMBERED = 200


def _introduction(peer: PeerId) -> bytes:
    return b'{"peerId":"%b","isHub":false}' % peer.encode()


class Liar(Hub):
    """A hub that is like all others until it begins to lie."""

    def __init__(
        self,
        own: PeerId,
        config: ServerConfig,
        rng: Random,
        epoch: float = 0.0,
        now: float = 0.0,
        *,
        identity: Identity | None = None,
    ) -> None:
        super().__init__(own, config, rng, epoch, now, identity=identity)
        self.is_lying = False
        self.told = 0
        """How many lies it has told."""
        self._dice = Random(int(own, 16))  # noqa: S311 - must be repeatable, not secret
        self._lines: dict[LinkId, None] = {}
        self._recent: deque[Routed] = deque(maxlen=64)
        self._overheard = Overheard()

    def act(self) -> list[Action]:
        """Return what the hub is to do, with lies among it."""
        actions = super().act()
        return [done for action in actions for done in self._done(action)]

    def _done(self, action: Action) -> list[Action]:
        if not isinstance(action, SendToLink):
            return [action]
        frame, link = action.frame, action.link
        if isinstance(frame, Routed) and isinstance(frame.body, Segment):
            self._overheard.take(frame.source, frame.body.news)
        if not self.is_lying:
            return [action]
        self._lines[link] = None
        if isinstance(frame, Heartbeat):
            # What no neighbour would take as a frame is none here either.
            lies = decode(batch([encode(self._made_up()) for _ in range(LIES)]))
            self.told += len(lies)
            return [action, *(SendToLink(link, lie) for lie in lies)]
        if isinstance(frame, Routed) and frame.source != self.id:
            return self._passed_on(link, frame)
        return [action]

    # What it is to pass on

    def _passed_on(self, link: LinkId, frame: Routed) -> list[Action]:
        """Return what becomes of a frame of another hub."""
        chance = self._dice.random()
        self._recent.append(frame)
        if chance < DROPPED:
            return []
        if chance < DROPPED + MISROUTED:
            return [SendToLink(self._dice.choice(list(self._lines)), frame)]
        honest: list[Action] = [SendToLink(link, frame)]
        if chance < DROPPED + MISROUTED + REPEATED:
            honest.append(SendToLink(link, self._dice.choice(self._recent)))
        return honest

    # What it makes up

    def _made_up(self) -> Frame:
        kinds = (
            self._made_up_advert,
            self._made_up_number,
            self._made_up_news,
            self._made_up_news,
            self._forged_signal,
        )
        return self._dice.choice(kinds)()

    def _somebody(self) -> Advert:
        return self._dice.choice(
            [advert for advert in self.status.adverts() if advert.hub != self.id]
        )

    def _made_up_advert(self) -> Adverts:
        """Say of another hub what it has never said."""
        dice, truth = self._dice, self._somebody()
        other = self._somebody().hub
        made_up = dice.choice(
            (
                {"incarnation": LAST_INCARNATION, "life": 77},
                {"incarnation": truth.incarnation + dice.randrange(1, 2**40), "life": truth.life},
                {"sequence": LAST},
                {"sequence": truth.sequence + 1, "links": ()},
                {"sequence": truth.sequence + 1, "is_draining": True},
                {"links": (LinkEnd(other, Carrier.P2P, Purpose.MESH),), "mark": 0},
            )
        )
        is_urgent = dice.random() < 0.5  # noqa: PLR2004
        return Adverts((replace(truth, **made_up),), is_urgent, is_for_all=True)  # told to one only

    def _made_up_number(self) -> Routed:
        """Say in the name of another hub numbers that it has never used."""
        dice, source, goal = self._dice, self._somebody(), self._somebody()
        lane, epoch = dice.randrange(2), dice.choice((LAST, source.life >> 2, dice.getrandbits(62)))
        incarnation = dice.choice((source.incarnation, LAST_INCARNATION))
        number = dice.choice((0, 1, 5, 2**20, LAST))
        body: Body = Ack(epoch, number, lane)
        if dice.random() < 0.7:  # noqa: PLR2004
            news = More("nowhere", source.hub, 1)
            body = Segment(epoch, number, dice.choice((0, number)), news, lane)
        return Routed(source.hub, incarnation, goal.hub, goal.incarnation, 30, body)

    def _in_its_own_name(self, news: News, hub: PeerId) -> Routed:
        """Say it to a hub, in a stream that is later than all that there are."""
        adverts = {advert.hub: advert for advert in self.status.adverts()}
        own = adverts.pop(self.id)
        goal = adverts.get(hub) or self._somebody()
        lane = 0 if isinstance(news, Relay) else 1
        self.told += 1
        segment = Segment((own.life >> 2) + 2**40 + self.told, 0, 0, news, lane)
        return Routed(self.id, own.incarnation, goal.hub, goal.incarnation, 30, segment)

    def _made_up_news(self) -> Routed | Sealed:
        """Say of clients of others what is not so."""
        dice, known = self._dice, self._overheard
        if not known.members:
            return self._made_up_number()
        namespace, located = dice.choice(known.members)
        _, other = dice.choice(known.members)
        peer, session = located.member.peer, located.member.session
        here = Located(self.id, Member(peer, LAST - 5, _introduction(peer)))
        lie: News = dice.choice(
            (
                Gone(namespace, ((located.hub, peer, session),)),
                Gone(namespace, ((located.hub, peer, session),), has_said_goodbye=True),
                Refusal(namespace, peer, session),
                Challenge(namespace, peer, session),
                Found(namespace, peer, here),
                Granted(namespace, (session,)),
                Meet(namespace, ((peer, session),), (here, other)),
                Leave(namespace, peer, session, has_said_goodbye=True, is_primary=True),
                Undelivered(namespace, peer, other.member.peer, "offer", Reason.NOT_FOUND, session),
                Resync(),
            )
        )
        return self._in_its_own_name(lie, located.hub)

    def _forged_signal(self) -> Routed:
        """Speak in the name of a client of another hub, to another one, in whatever namespace."""
        dice, known = self._dice, self._overheard
        if not known.members:
            return self._made_up_number()
        (namespace, sender), (_, target) = dice.choice(known.members), dice.choice(known.members)
        session = dice.choice((sender.member.session, LAST - 5))
        data = dice.choice((FORGED, b"no JSON", b'{"a":"\xff"}', b"[" * 2000, b'"' + b"x" * 60_000))
        relay = Relay(
            dice.choice((namespace, *known.namespaces)),
            sender.member.peer,
            target.member.peer,
            0,
            "offer",
            data,
            session,
        )
        return self._in_its_own_name(relay, target.hub)


class Forger(Liar):
    """A liar that also changes what it passes on, where it stands in the stream of another hub.

    Of adverts it says what is so: hubs with identities leave whoever does not.
    """

    def _made_up_advert(self) -> Adverts:
        return Adverts((self._somebody(),), is_for_all=True)

    def _passed_on(self, link: LinkId, frame: Routed) -> list[Action]:
        body = frame.body
        if isinstance(body, Segment) and self._dice.random() < FORGED_SHARE:
            news = body.news
            if isinstance(news, Relay):
                news = replace(news, data=FORGED)
            elif isinstance(news, Meet | Gone):
                news = Resync()
            frame = replace(frame, body=replace(body, news=news))
            self.told += 1
        return super()._passed_on(link, frame)
