# SPDX-License-Identifier: MIT
"""The echo server, for asyncio's event loop and for one that takes its place."""
import asyncio

import support


async def echo(reader, writer):
    try:
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def main(port):
    server = await asyncio.start_server(echo, "127.0.0.1", port, backlog=1024)
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def run(runtime):
    given = support.Args(0)
    support.obey_standard_input(support.Reporter("echo", runtime))
    asyncio.run(main(given.size))
