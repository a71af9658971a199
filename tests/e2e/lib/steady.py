"""Clients that are always busy:  python3 -m tests.e2e.lib.steady ADDRESS PORT PATH CLIENTS SECONDS

Each sends its next request when it has the answer.  After "Connection: close" it connects again; a
refused connection ends it (the gateway is gone).  Prints "good N failed N"; a failure is a request
that was sent and got no whole 200 answer.
"""

import asyncio
import sys
import time


async def one_answer(reader):
    head = await reader.readuntil(b'\r\n\r\n')
    fields = dict(line.split(b': ', 1) for line in head.lower().split(b'\r\n')[1:] if line)
    await reader.readexactly(int(fields.get(b'content-length', 0)))
    return head.split(b'\r\n', 1)[0].decode(), fields.get(b'connection') == b'close'


async def client(address, port, path, end, tally):
    request = b'GET %s HTTP/1.1\r\nHost: steady.test\r\n\r\n' % path.encode()
    while time.monotonic() < end:
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 5)
        except (OSError, asyncio.TimeoutError):
            return
        closing = False
        while not closing and time.monotonic() < end:
            try:
                writer.write(request)
                status, closing = await asyncio.wait_for(one_answer(reader), 10)
                if status.startswith('HTTP/1.1 200 '):
                    tally['good'] += 1
                else:
                    tally['failed'] += 1
                    tally['why'].add(status)
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
                tally['failed'] += 1
                tally['why'].add(repr(error))
                closing = True
        writer.close()


async def main():
    address, port, path, clients, seconds = sys.argv[1:]
    tally = {'good': 0, 'failed': 0, 'why': set()}
    end = time.monotonic() + float(seconds)
    await asyncio.gather(*(client(address, int(port), path, end, tally)
                           for _ in range(int(clients))))
    print(f'good {tally["good"]} failed {tally["failed"]} {" ".join(sorted(tally["why"]))}')


if __name__ == '__main__':
    asyncio.run(main())
