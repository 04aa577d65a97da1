"""What holds over TCP holds over TLS: the same tests, with TLS between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.net.tls.certificate import CertificateFiles
from tests.net import raw
from tests.net.http import test_door
from tests.net.tls.authority import Authority
from tests.net.websocket import test_connection, test_kept, test_rfc6455, test_turns

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.thorough

NOT_OVER_TLS = {
    # The client of the tests cannot send anything any more when the server has ended its output.
    "test_a_client_that_goes_on_after_a_fault_is_dropped_in_time",
}

for module in (test_connection, test_door, test_kept, test_rfc6455, test_turns):
    names = {name for name in vars(module) if name.startswith("test_")} - NOT_OVER_TLS
    globals().update({name: getattr(module, name) for name in sorted(names)})


@pytest.fixture(scope="module", autouse=True)
def _over_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    pair = authority.issue("127.0.0.1")
    raw.TLS[:] = [CertificateFiles(pair.certificate, pair.key), authority.client_context]
    yield
    raw.TLS.clear()
