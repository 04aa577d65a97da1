"""Reading other hubs' descriptions."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from peerpigeon.core.config import KIB
from peerpigeon.core.config.networks import Network, network_of
from peerpigeon.rtc.sdp import (
    MAX_CANDIDATES,
    Candidate,
    Description,
    SdpError,
    advertise,
    parse_answer,
    parse_candidate,
    parse_offer,
)

DIGEST = ":".join(["AB"] * 32)
HOST = Candidate("1", 2130706431, "192.0.2.7", 50000, "host")
OFFER = Description("abcd", "p" * 22, DIGEST, "actpass", candidates=(HOST,))

CHROMIUM = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:3093011 1 udp 2113937151 0ecb41cd-1cc1-4ac9-ba04.local 40000 typ host generation 0
a=candidate:842163049 1 udp 1677729535 203.0.113.9 40000 typ srflx raddr 0.0.0.0 rport 0 generation 0
a=candidate:1 1 tcp 1518214911 192.0.2.7 9 typ host tcptype active generation 0
a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
a=ice-options:trickle
a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:65536
""".replace("\n", "\r\n")  # noqa: E501


def test_a_browsers_offer_is_read() -> None:
    assert parse_offer(CHROMIUM) == Description(
        "EsAw",
        "P2uYro0UCOQ4zxjKXaWCBui1",
        re.findall(r"sha-256 (\S+)", CHROMIUM)[0],
        "actpass",
        candidates=(
            Candidate("842163049", 1677729535, "203.0.113.9", 40000, "srflx", ("0.0.0.0", 0)),
        ),
    )


def test_what_holds_for_the_session_holds_for_its_section() -> None:
    text = str(OFFER)
    for name in ("fingerprint:sha-256 ", "setup:", "ice-ufrag:", "ice-pwd:"):
        line = next(line for line in text.splitlines() if line.startswith(f"a={name}"))
        text = text.replace(f"{line}\r\n", "").replace("t=0 0\r\n", f"t=0 0\r\n{line}\r\n")
    assert text.index("a=setup") < text.index("m=")
    assert parse_offer(text) == OFFER


def test_digests_of_other_kinds_are_passed_over() -> None:
    line = f"a=fingerprint:sha-256 {DIGEST}\r\n"
    text = str(OFFER).replace(line, f"a=fingerprint:sha-512 00\r\n{line.lower()}")
    assert parse_offer(text) == OFFER


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=0", "v=1"),
        ("s=-\r\n", "s=-\n\r\n"),
        ("s=-", "s=\x00"),
        ("s=-", "s=\u2028"),
        ("s=-\r", "s=-\r\r"),
        ("a=setup", "a =setup"),
        ("m=application 9", "m=audio 9"),
        ("m=application 9", "m=application 0"),
        ("m=application", "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nm=application"),
        ("UDP/DTLS/SCTP webrtc-datachannel", "UDP/TLS/RTP/SAVPF 0"),
        ("a=ice-ufrag:abcd", "a=ice-ufrag:abc"),
        ("a=ice-ufrag:abcd", "a=ice-ufrag:abcd\r\na=ice-ufrag:efgh"),
        ("a=ice-ufrag:abcd\r\n", ""),
        ("a=ice-pwd:", "a=ice-pwd: "),
        (f"a=ice-pwd:{'p' * 22}\r\n", ""),
        ("sha-256", "sha-1"),
        ("AB:AB\r\n", "AB\r\n"),
        ("AB:AB\r\n", "AB:XY\r\n"),
        ("a=setup:actpass\r\n", ""),
        ("a=setup:actpass", "a=setup:active"),
        ("a=setup:actpass", "a=setup:holdconn"),
        ("a=mid:0", "a=mid:0 1"),
        ("a=sctp-port:5000", "a=sctp-port:0"),
        ("a=sctp-port:5000", "a=sctp-port:65536"),
        ("a=sctp-port:5000", "a=sctp-port:-1"),
        ("a=max-message-size:65536", "a=max-message-size:65535"),
        ("a=max-message-size:65536", f"a=max-message-size:{'9' * 20}"),
        ("a=candidate:1", "a=candidate:1\r\na=x:1"),
        ("a=candidate:", "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=candidate:" * 64),
    ],
)
def test_a_description_with_a_fault_is_refused(old: str, new: str) -> None:
    text = str(OFFER)
    assert parse_offer(text) == OFFER
    assert old in text
    with pytest.raises(SdpError):
        parse_offer(text.replace(old, new, 1))


def test_an_answer_is_one_that_has_chosen() -> None:
    chosen = Description("abcd", "p" * 22, DIGEST, "passive", is_complete=True)
    assert parse_answer(str(chosen)) == chosen
    with pytest.raises(SdpError):
        parse_answer(str(OFFER))


def test_sizes_are_bounded() -> None:
    many = Description("abcd", "p" * 22, DIGEST, "actpass", candidates=(HOST,) * MAX_CANDIDATES)
    assert parse_offer(str(many)) == many
    with pytest.raises(SdpError, match="too long"):
        parse_offer(str(OFFER) + "a=x:" + "y" * 16 * KIB)


def test_a_size_of_zero_is_no_limit_and_none_is_64_kib() -> None:
    line = "a=max-message-size:65536\r\n"
    assert parse_offer(str(OFFER).replace(line, "")).max_message == 64 * KIB
    assert parse_offer(str(OFFER).replace(line, "a=max-message-size:0\r\n")).max_message == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "candidate:1 2 udp 1 192.0.2.1 1 typ host",
        "candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
        "candidate:1 1 UDP 1 a-b-c.local 1 typ host",
        "candidate:1 1 udp 1 192.0.2.1 1 typ prflx raddr 192.0.2.2 rport 2",
        "candidate:1 1 udp 1 0.0.0.0 1 typ host",
        "candidate:1 1 udp 1 ff02::1 1 typ host",
    ],
)
def test_candidates_of_no_use_are_passed_over(text: str) -> None:
    assert parse_candidate(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "candidate",
        "candidate:1 1 udp 1 192.0.2.1 0 typ host",
        "candidate:1 1 udp 0 192.0.2.1 1 typ host",
        "candidate:1 1 udp 4294967296 192.0.2.1 1 typ host",
        "candidate:1 1 udp 1 192.0.2.1 65536 typ host",
        "candidate:1 1 udp 1 example.org 1 typ host",
        "candidate:1 1 udp 1 192.0.2 1 typ host",
        "candidate:1 1 udp 1 fe80::1%eth0 1 typ host",
        "candidate:1 1 udp 1 192.0.2.1 1",
        "candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=setup:active",
        "candidate:1 1 udp 1 192.0.2.1 1 typ host\n",
        "candidate:1  1 udp 1 192.0.2.1 1 typ host",
        "candidate:1 1 udp \u0661 192.0.2.1 1 typ host",
        "candidate:" + "1" * 600,
    ],
)
def test_malformed_candidates_are_refused(text: str) -> None:
    with pytest.raises(SdpError):
        parse_candidate(text)


def test_a_public_address_takes_the_place_of_the_machines_own() -> None:
    seen = Candidate("2", 1, "198.51.100.1", 50000, "srflx", ("192.0.2.7", 50000))
    other_family = Candidate("3", 1, "2001:db8::1", 50000, "host")
    assert advertise(HOST, "203.0.113.5").address == "203.0.113.5"
    assert advertise(HOST, None) == HOST
    assert advertise(seen, "203.0.113.5") == seen
    assert advertise(other_family, "203.0.113.5") == other_family


ICE = st.text("abcXYZ019+/", min_size=4, max_size=20)
PORTS = st.integers(1, 65535)
CANDIDATES = st.builds(
    Candidate,
    ICE,
    st.integers(1, 2**32 - 1),
    st.ip_addresses()
    .filter(lambda address: network_of(str(address)) is not Network.NOWHERE)
    .map(str),
    PORTS,
    st.sampled_from(["host", "srflx", "relay"]),
    st.none() | st.tuples(st.ip_addresses().map(str), PORTS),
)
DESCRIPTIONS = st.builds(
    Description,
    ICE,
    ICE.map(lambda text: text * 6),
    st.binary(min_size=32, max_size=32).map(lambda digest: digest.hex(":").upper()),
    st.just("actpass"),
    st.text("abc019_.-", min_size=1, max_size=32),
    PORTS,
    st.just(0) | st.integers(64 * KIB, 2**63),
    st.lists(CANDIDATES, max_size=8).map(tuple),
    st.booleans(),
)


@given(DESCRIPTIONS)
def test_what_is_written_is_read_again(description: Description) -> None:
    assert parse_offer(str(description)) == description


@given(DESCRIPTIONS, st.data())
def test_a_damaged_description_is_read_or_refused(
    description: Description, data: st.DataObject
) -> None:
    text = str(description)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    put = data.draw(st.text(max_size=40) | st.sampled_from(["\r\n", "\r", "a=setup:active\r\n"]))
    survives(text[:start] + put + text[end:])


@given(st.text())
@example("v=0\r\n" * 4000)
def test_noise_is_refused(text: str) -> None:
    with pytest.raises(SdpError):
        parse_offer(text)


@given(st.text() | st.text("candidate:01 udp.typhost\r\n-", max_size=80))
def test_a_noisy_candidate_is_passed_over_or_refused(text: str) -> None:
    try:
        found = parse_candidate(text)
    except SdpError:
        return
    assert found is None or parse_candidate(str(found)) == found


def survives(text: str) -> None:
    """What is read of it, if anything, is safe to be written anew: one section, plain lines."""
    try:
        read = parse_offer(text)
    except SdpError:
        return
    written = str(read)
    assert parse_offer(written) == read
    assert written.count("\nm=") == 1
    assert re.fullmatch(r"([a-z]=[ -~]*\r\n)+", written)


@pytest.mark.parametrize(
    ("address", "is_tried"),
    [
        ("192.0.2.1", True),
        ("10.0.0.1", True),
        ("127.0.0.1", True),  # all that a machine without a network has
        ("169.254.169.254", False),
        ("::ffff:169.254.169.254", False),
        ("fe80::1", False),
        ("240.0.0.1", False),
    ],
)
def test_no_packet_goes_to_an_address_of_one_cable(address: str, *, is_tried: bool) -> None:
    text = f"candidate:1 1 udp 1 {address} 5000 typ host"
    assert (parse_candidate(text) is not None) == is_tried
