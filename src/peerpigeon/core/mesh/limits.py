"""What the mesh of hubs may take, and how long; docs/mesh.md has all of it in a table."""

from __future__ import annotations

import msgspec

from peerpigeon.core.interface.timing import DIAL_TIMEOUT


class MeshLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits and durations of the mesh: numbers of things, and seconds."""

    # Who is there

    gone_after: float = 2.0
    """For so long a hub may be out of reach before it is gone. Longer than an advert takes through
    the mesh, so that news that arrives in the wrong order does no harm."""
    loss_check_delay: float = 0.1
    """From a loss to a look at who can be reached: adverts of other losses may follow."""
    lazy_check_delay: float = 5.0
    """The same after changes that seldom take a hub out of reach. It is a search of the graph."""
    gone_at_once: int = 64
    """Hubs that are told to be gone in one step. It takes 0.1 ms for each, with what is logged, in
    which clients wait; thousands may have been made up by one that lies."""
    draining_believed: float = 0.3
    """For so long a hub has to say that it drains until namespaces are moved away from it. If
    another one has made that up, it has said otherwise by then."""
    known_hubs: int = 16384
    """Hubs whose adverts are kept, 2 KiB each with what is derived. What others can make a hub keep
    has a bound."""
    missing_hubs: int = 4096
    """Hubs that are gone and remembered, because their addresses are where to look for them."""
    missing_lease: float = 3600.0
    """For so long they are remembered."""

    # How adverts spread

    advert_batch: float = 0.1
    """For so long adverts are gathered before they go on: a wave of changes costs one message a
    link."""
    small_mesh: int = 100
    """Hubs beyond which news that is no loss may take longer: what a hub has to hear while all come
    at once grows with their number, and so does what can be said together."""
    batch_per_hub: float = 0.0004
    """So much longer adverts are gathered for each hub beyond ``small_mesh``."""
    longest_batch: float = 0.3
    """No longer than this. News goes over ten links at most in a mesh of ten thousand."""
    renewal_pause_per_hub: float = 0.0025
    """From one advert of a hub to its next one for each hub beyond ``small_mesh``."""
    longest_renewal_pause: float = 0.5
    """No such pause is longer."""
    gain_patience: int = 2
    """So many times as long is the pause if the hub has only more links than it has said. While a
    mesh forms they come in a burst, and nobody has to know of the first ones at once."""
    withheld_for: float = 5.0
    """For so long it is kept in mind which adverts were not passed on to whom, because another hub
    tells them. Who loses a link without a word finds that after 3.5 s, and others hear it then."""
    parting_patience: float = 3.0
    """For so long the other end of a socket that was closed has time to tell all hubs so, before
    this one does."""
    restless_for: float = 4.0
    """For so long after a loss nothing takes longer than in a small mesh. It is twice
    ``gone_after``: who has lost its links and found others must not be taken for gone."""
    rise_pause: float = 5.0
    """Between two risings above others under our own id. Each looks like a restart to all other
    hubs, and two hubs that were given one id outdo each other for as long as both live; for so
    long the one that remains may be shut out."""
    still_patience: int = 3
    """Heartbeats in a row in which a neighbour's table differs from ours, which stands still, until
    tables are compared. A single one may have crossed an advert."""
    restless_patience: int = 8
    """The same while our table changes."""
    hubs_per_heartbeat: int = 100
    """So many hubs beyond ``small_mesh`` make that patience longer by one heartbeat."""
    longest_patience: int = 24
    """Of no more heartbeats."""

    # Links

    open_links: int = 4096
    """Links with other hubs that are let in, beyond which no more are accepted. All hubs of a mesh
    may come to one of them at once, so that it is far more than the links a hub keeps."""
    strangers: int = 256
    """Places for connections whose other end has not proved itself. A hub of the mesh needs one for
    a round trip: it gets in while fewer than so many others come meanwhile."""
    proof_timeout: float = 5.0
    """For the other end of a link to prove itself. It takes two round trips."""
    missed_heartbeats: float = 3.5
    """A link is dead when it has been silent for so many heartbeats: three, and half a one for the
    fourth to be late. ICE takes half a minute."""
    linger: float = 2.0
    """For the other end's last word over a link that is closing. It takes a round trip."""
    plan_delay: float = 0.2
    """From a change to a new plan of the links: the first plan of a wave would be wrong."""
    calm_per_hub: float = 0.005
    """For so long for each hub that is known, after others have come, more of them are awaited
    before links are planned. The first plan of those who come first is wrong, too."""
    longest_calm: float = 0.5
    """No such wait is longer."""
    longest_coming: float = 3.0
    """For no longer are plans put off because more and more hubs come."""

    # Attempts to open links

    glare_delay: float = 0.5
    """For so long the smaller id waits for the larger one's offer, so that glare stays rare."""
    offer_timeout: float = 3.0
    """For the answer to an offer. That none comes says nothing of P2P: while a mesh forms, an offer
    may find no way."""
    channel_timeout: float = 6.0
    """From an answer to an open channel. On a good network it takes a fraction of one."""
    dial_timeout: float = DIAL_TIMEOUT
    """For a WebSocket to open."""
    offers_before_fallback: int = 3
    """Offers that came to nothing after which a WebSocket is tried."""
    declined_pause: float = 1.0
    """Until a hub that had no place or did not answer is asked again, and until it is dialled
    again; doubled each time. A place comes free soon, when others have moved."""
    failed_pause: float = 15.0
    """Until a channel that failed is tried again; doubled each time. A network seldom changes."""
    longest_pause: float = 300.0
    """No pause is doubled beyond this."""

    # Addresses to dial

    dials_per_round: int = 4
    """Addresses of missing hubs dialled in one round."""
    search_pause: float = 1.0
    """Between rounds of the search for missing hubs; doubled while it is in vain."""
    longest_search_pause: float = 15.0
    """No pause of the search is doubled beyond this."""
    alone_after: float = 10.0
    """Without a link, until people are told that the hub waits for others. A mesh that is started
    takes less."""
    slowest_dialling: float = 30.0
    """Between rounds of dialling bootstrap addresses when nothing has helped for long, and between
    two looks at what a name leads to when there are links enough."""
    named_addresses: int = 256
    """Addresses of one name that are kept, the first ones: far more than an answer has that no
    cache of names cuts short."""
    addresses_heard: int = 64
    """Hubs of which it is kept by which address they have reached this one."""
    addresses_told: int = 2
    """Such addresses that are told to all: one by name or a proxy, and one more."""
    reported_hubs: int = 64
    """Hubs that were reported to us, whose addresses are remembered."""

    # Routing

    route_lifetime: float = 0.25
    """For so long routes are used though the graph has changed. While a mesh forms it changes all
    the time, and a detour of one hop costs less than finding all ways anew for each frame."""
    fewest_hops: int = 32
    """Hop limit of a routed frame; in larger meshes the number of hubs, for a ring may be that
    long."""
