"""Clients that ask for much and read nothing:  python3 -m tests.e2e.lib.flood ADDRESS PORT PATH CLIENTS

Opens the connections, at most OPENING_MAX in the making, and sends one request on each as soon as it
is open.  Prints "open N" when all are tried or SECONDS are over, and keeps what it has until it is
killed.
"""

import resource
import select
import socket
import sys
import time

OPENING_MAX = 200
SECONDS = 12
RECEIVE_BYTES = 4096


def begin(poll, sockets, target):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    sock.setblocking(False)
    sock.connect_ex(target)
    sockets[sock.fileno()] = sock
    poll.register(sock, select.EPOLLOUT)


def main():
    host, port, path, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, max(count + 100, 20000)))
    request = f'GET {path} HTTP/1.1\r\nHost: flood.test\r\n\r\n'.encode()
    poll, sockets, opening, opened = select.epoll(), {}, 0, 0
    end = time.monotonic() + SECONDS
    while (len(sockets) < count or opening) and time.monotonic() < end:
        while len(sockets) < count and opening < OPENING_MAX:
            begin(poll, sockets, (host, port))
            opening += 1
        for fd, _ in poll.poll(0.1):
            poll.unregister(fd)
            opening -= 1
            if sockets[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                sockets[fd].send(request)
                opened += 1
    print(f'open {opened}', flush=True)
    time.sleep(3600)


if __name__ == '__main__':
    main()
