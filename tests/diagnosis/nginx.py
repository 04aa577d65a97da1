"""A real nginx before a hub, set up well or badly."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.diagnosis.command import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

DEADLINE = 10.0

PASSES_ON = """
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
"""

_CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{hub};
            {options}
        }}
    }}
}}
"""


@asynccontextmanager
async def nginx(hub: int, folder: Path, options: str) -> AsyncIterator[str]:
    """Run nginx before the hub at a port; return the address to dial."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, port=port, hub=hub, options=options))
    process = await asyncio.create_subprocess_exec(
        *("nginx", "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log"))
    )
    try:
        async with asyncio.timeout(DEADLINE):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    assert process.returncode is None, (folder / "error.log").read_text()
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    break
        yield f"ws://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()
