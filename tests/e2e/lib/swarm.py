"""Many connections at once:  python3 -m tests.e2e.lib.swarm ADDRESS PORT CONNECTIONS ROUNDS
                                [ANSWER]

Opens all connections (at most OPENING_MAX in the making), keeps all of them, and sends one request
on each, ROUNDS times, at most BUSY_MAX in flight.  Prints one line: answers 200, failures, and how
many were open at once.  Every step has a limit in time.
"""

import resource
import select
import socket
import sys
import time

OPENING_MAX = 200
BUSY_MAX = 200
LIMIT_S = 60
REQUEST = b'GET /direct HTTP/1.1\r\nHost: swarm.test\r\n\r\n'


class Swarm:
    def __init__(self, address, port, count, answer):
        self.answer = answer.encode() + b'\n'
        self.address, self.port, self.count = address, port, count
        self.family = socket.AF_INET6 if ':' in address else socket.AF_INET
        self.poll = select.epoll()
        self.sockets = {}
        self.failures = []

    def fail(self, fd, why):
        self.failures.append(why)
        self.poll.unregister(fd)
        self.sockets.pop(fd).close()

    def begin(self):
        sock = socket.socket(self.family)
        sock.setblocking(False)
        sock.connect_ex((self.address, self.port))
        self.sockets[sock.fileno()] = sock
        self.poll.register(sock, select.EPOLLOUT)

    def open_all(self):
        end, opening, begun = time.monotonic() + LIMIT_S, 0, 0
        while (begun < self.count or opening) and time.monotonic() < end:
            while begun < self.count and opening < OPENING_MAX:
                self.begin()
                begun, opening = begun + 1, opening + 1
            for fd, _ in self.poll.poll(0.1):
                opening -= 1
                error = self.sockets[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    self.fail(fd, f'connect: {error}')
                else:
                    self.poll.modify(fd, 0)
        self.failures += ['connect: no answer'] * opening

    def round(self):
        """One request on each connection; returns how many were answered 200."""
        end, waiting, busy, good = time.monotonic() + LIMIT_S, list(self.sockets), {}, 0
        while (waiting or busy) and time.monotonic() < end:
            while waiting and len(busy) < BUSY_MAX:
                fd = waiting.pop()
                busy[fd] = b''
                self.sockets[fd].send(REQUEST)
                self.poll.modify(fd, select.EPOLLIN)
            for fd, _ in self.poll.poll(0.1):
                if fd not in busy:
                    self.fail(fd, 'closed while idle')
                    waiting = [w for w in waiting if w != fd]
                    continue
                good += self.read(fd, busy)
        self.failures += ['no answer in time'] * len(busy)
        return good

    def read(self, fd, busy):
        try:
            data = self.sockets[fd].recv(4096)
        except OSError as error:
            data, busy[fd] = b'', str(error).encode()
        if not data:
            self.fail(fd, f'closed: {busy.pop(fd)!r}')
            return 0
        busy[fd] += data
        if not busy[fd].endswith(self.answer):
            return 0
        good = busy.pop(fd).startswith(b'HTTP/1.1 200 ')
        self.poll.modify(fd, 0)
        if not good:
            self.failures.append('not 200')
        return int(good)


def main():
    address, port, count, rounds = sys.argv[1], *map(int, sys.argv[2:5])
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, max(count + 100, 20000)))
    swarm = Swarm(address, port, count, sys.argv[5] if len(sys.argv) > 5 else 'from the gateway')
    swarm.open_all()
    at_once = len(swarm.sockets)
    good = sum(swarm.round() for _ in range(rounds))
    print(f'good {good} failed {len(swarm.failures)} open {at_once}')
    for why in sorted(set(swarm.failures)):
        print(f'{swarm.failures.count(why)} x {why}')


if __name__ == '__main__':
    main()
