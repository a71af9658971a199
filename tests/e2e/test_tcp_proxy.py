"""tcp_proxy: bytes both ways, half-close, an origin that is not there."""

import hashlib
import socket
import threading

from tests.e2e.lib import config
from tests.e2e.lib.origin import pattern, pattern_digest
from tests.e2e.lib.points import run

COUNT = 50000000


def prepare(world):
    world.origin()
    world.start_gateway(config.default(
        world, listeners=[config.tcp_listener('10.80.1.1', 9001, 'dead')]))


def test_bytes_come_back(world):
    with world.connect(port=9000) as sock:
        sock.sendall(b'hello')
        assert sock.recv(100) == b'hello'


def test_half_close_and_checksum(world):
    digest = hashlib.sha256()
    with world.connect(port=9000, timeout_s=30) as sock:
        def send():
            for piece in pattern(COUNT):
                sock.sendall(piece)
            sock.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        while True:
            data = sock.recv(1 << 18)
            if not data:
                break
            digest.update(data)
        sender.join()
    assert digest.hexdigest() == pattern_digest(COUNT)


def test_many_connections_one_after_the_other(world):
    for i in range(200):
        with world.connect(port=9000) as sock:
            sock.sendall(b'%d' % i)
            assert sock.recv(100) == b'%d' % i


def test_origin_that_is_not_there_closes(world):
    try:  # the reset may overtake our own connect()
        with world.connect(port=9001) as sock:
            assert sock.recv(100) == b''
    except ConnectionResetError:
        pass


if __name__ == '__main__':
    run(globals(), prepare)
