"""The parts of one hub's mesh, put together: who knows whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.effects import Effects
from peerpigeon.core.mesh.alone import Alone
from peerpigeon.core.mesh.anti_entropy import AntiEntropy
from peerpigeon.core.mesh.attempts import Attempts
from peerpigeon.core.mesh.authentication import Authenticator
from peerpigeon.core.mesh.bootstrap import Bootstrap
from peerpigeon.core.mesh.bootstrap_names import BootstrapNames
from peerpigeon.core.mesh.closing import ClosingLinks
from peerpigeon.core.mesh.dialer import Dialer
from peerpigeon.core.mesh.forwarding import Forwarder
from peerpigeon.core.mesh.gossip import Gossip
from peerpigeon.core.mesh.handshake import Handshake
from peerpigeon.core.mesh.identities import Identities
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.link_planner import LinkPlanner
from peerpigeon.core.mesh.link_roles import LinkRoles
from peerpigeon.core.mesh.links import Links
from peerpigeon.core.mesh.membership import Membership
from peerpigeon.core.mesh.migration import Migration
from peerpigeon.core.mesh.namesakes import Namesakes
from peerpigeon.core.mesh.negotiation import Negotiation
from peerpigeon.core.mesh.own_addresses import OwnAddresses
from peerpigeon.core.mesh.reference_hubs import ReferenceHubs
from peerpigeon.core.mesh.siblings import Siblings
from peerpigeon.core.mesh.strangers import Strangers

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.identity import Identity
    from peerpigeon.core.wire.hub_frames import Advert


class MeshParts(msgspec.Struct, frozen=True):
    """One of each, all of one hub."""

    effects: Effects
    limits: MeshLimits
    identities: Identities | None
    addresses: OwnAddresses
    membership: Membership
    namesakes: Namesakes
    links: Links
    handshake: Handshake
    closing: ClosingLinks
    strangers: Strangers
    alone: Alone
    bootstrap: Bootstrap
    names: BootstrapNames
    reference_hubs: ReferenceHubs
    siblings: Siblings
    dialer: Dialer
    forwarder: Forwarder
    planner: LinkPlanner
    roles: LinkRoles
    negotiation: Negotiation
    migration: Migration
    gossip: Gossip
    anti_entropy: AntiEntropy


def assemble(  # noqa: PLR0913 - as for ``Mesh``
    advert: Advert,
    config: ServerConfig,
    rng: Random,
    effects: Effects,
    limits: MeshLimits,
    now: float,
    *,
    identity: Identity | None = None,
) -> MeshParts:
    """Make the parts of the mesh of the hub that publishes ``advert`` first."""
    own = advert.hub
    identities = None
    if identity is not None:
        identities = Identities(identity, config.parsed_hub_members, limits.known_hubs)
    sign = None if identities is None else identities.sign
    membership, links = Membership(advert, rng, limits, now, sign), Links(limits)
    attempts = Attempts(own, rng, limits)
    namesakes = Namesakes(membership, effects, limits, now)
    authenticator = Authenticator(own, config.hub_secrets, rng, identities)
    bootstrap = Bootstrap(own, config, rng, effects, limits, now)
    reference_hubs = ReferenceHubs(config, attempts, bootstrap, effects)
    siblings = Siblings(config, now)
    forwarder = Forwarder(own, links, membership, effects, limits, identities)
    planner = LinkPlanner(config, links, membership, attempts, effects, limits)
    addresses = OwnAddresses(config, limits)
    return MeshParts(
        effects=effects,
        limits=limits,
        identities=identities,
        addresses=addresses,
        membership=membership,
        namesakes=namesakes,
        links=links,
        handshake=Handshake(own, advert.life, config.hub_mesh_namespace, links, authenticator),
        closing=ClosingLinks(effects, limits),
        strangers=Strangers(limits),
        alone=Alone(config, addresses, effects, limits, now),
        bootstrap=bootstrap,
        names=BootstrapNames(config, bootstrap, rng, effects, limits),
        reference_hubs=reference_hubs,
        siblings=siblings,
        dialer=Dialer(links, membership, attempts, bootstrap, reference_hubs, effects, siblings),
        forwarder=forwarder,
        planner=planner,
        roles=planner.roles,
        negotiation=Negotiation(attempts, membership, planner, forwarder, effects),
        migration=Migration(config.hub_mesh_min_peers, config.mesh_migration_delay),
        gossip=Gossip(membership, links, namesakes, effects, limits, identities),
        anti_entropy=AntiEntropy(membership, links, config.heartbeat_interval, effects, limits),
    )
