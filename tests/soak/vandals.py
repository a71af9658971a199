"""Clients without manners:  python3 -m tests.soak.vandals ADDRESS PORT SECONDS SEED

Eight of them at a time open a connection, do one thing that a client should not do, and go: they stop in the
middle, reset, half-close, read slowly, pipeline, send what is no HTTP.  Nothing is expected of the
answers; prints how often each manner was shown.
"""

import collections
import random
import socket
import struct
import sys
import threading
import time

VANDALS = 8
HEAD = b'POST /x HTTP/1.1\r\nHost: soak.test\r\nContent-Length: 100000\r\n\r\n'
CHUNKED = b'POST /x HTTP/1.1\r\nHost: soak.test\r\nTransfer-Encoding: chunked\r\n\r\n'
GET = b'GET %s HTTP/1.1\r\nHost: soak.test\r\n\r\n'


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def half_a_head(sock, chance):
    sock.sendall(HEAD[:chance.randrange(len(HEAD))])


def half_a_body(sock, chance):
    sock.sendall(HEAD + bytes(chance.randrange(100000)))


def half_a_chunk(sock, chance):
    sock.sendall(CHUNKED + b'ffff\r\n' + bytes(chance.randrange(65535)))


def half_closed(sock, chance):
    sock.sendall(HEAD + bytes(chance.randrange(100000)))
    sock.shutdown(socket.SHUT_WR)
    sock.recv(65536)


def slow_reader(sock, chance):
    sock.sendall(GET % b'/bytes?n=3000000')
    for _ in range(20):
        sock.recv(4096)
        time.sleep(0.01)


def vanishes_while_served(sock, chance):
    sock.sendall(GET % b'/bytes?n=3000000')
    sock.recv(1 + chance.randrange(100000))


def impatient(sock, chance):
    sock.sendall(GET % b'/slow?s=0.2')


def pipelines(sock, chance):
    sock.sendall((GET % b'/x') * (1 + chance.randrange(20)))
    sock.recv(65536)


def to_the_dead(sock, chance):
    sock.sendall(GET % b'/dead/x')
    sock.recv(65536)


def babbles(sock, chance):
    sock.sendall(chance.randbytes(1 + chance.randrange(3000)))


def says_nothing(sock, chance):
    time.sleep(0.05)


MANNERS = [half_a_head, half_a_body, half_a_chunk, half_closed, slow_reader, vanishes_while_served, impatient,
           pipelines, to_the_dead, babbles, says_nothing]


def vandal(address, port, end, chance, shown):
    while time.monotonic() < end:
        manner = chance.choice(MANNERS)
        try:
            with socket.create_connection((address, port), timeout=5) as sock:
                shown[manner.__name__] += 1
                manner(sock, chance)
                if chance.random() < 0.5:
                    reset(sock)
        except OSError:
            pass


def main():
    address, port, seconds, seed = sys.argv[1:]
    end, shown = time.monotonic() + float(seconds), collections.Counter()
    threads = [threading.Thread(target=vandal, args=(address, int(port), end, random.Random(f'{seed}.{i}'), shown))
               for i in range(VANDALS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(' '.join(f'{name}={shown[name]}' for name in sorted(shown)))


if __name__ == '__main__':
    main()
