"""SCTP for one data channel, as a pure state machine: packets in, packets and events out."""

from peerpigeon.rtc.sctp.association import Association
from peerpigeon.rtc.sctp.events import Ended, Event, Opened, Received

__all__ = ["Association", "Ended", "Event", "Opened", "Received"]
