"""HTTP/1 by hand over a socket: sends exactly the bytes it is given, reads exact messages."""

from dataclasses import dataclass, field


@dataclass
class Answer:
    version: str
    status: int
    headers: list  # (lower-case name, value) in order
    body: bytes
    trailers: list = field(default_factory=list)

    def header(self, name):
        values = [v for n, v in self.headers if n == name]
        return ', '.join(values) if values else None


class Reader:
    """Reads answers off a socket one after the other; keeps what came too early."""

    def __init__(self, sock):
        self.sock = sock
        self.kept = b''

    def more(self):
        got = self.sock.recv(65536)
        self.kept += got
        return bool(got)

    def line(self):
        while b'\r\n' not in self.kept:
            if not self.more():
                raise EOFError(f'connection ended in a line: {self.kept!r}')
        line, self.kept = self.kept.split(b'\r\n', 1)
        return line.decode('latin-1')

    def exactly(self, count):
        while len(self.kept) < count:
            if not self.more():
                raise EOFError(f'connection ended {count - len(self.kept)} bytes early')
        data, self.kept = self.kept[:count], self.kept[count:]
        return data

    def headers(self):
        found = []
        while True:
            line = self.line()
            if not line:
                return found
            name, value = line.split(':', 1)
            found.append((name.lower(), value.strip()))

    def chunks(self):
        body = b''
        while True:
            size = int(self.line().split(';')[0], 16)
            if size == 0:
                return body, self.headers()
            body += self.exactly(size)
            assert self.line() == '', 'chunk does not end in CRLF'

    def answer(self, head_only=False):
        version, status, *_ = self.line().split(' ', 2)
        answer = Answer(version, int(status), self.headers(), b'')
        if head_only or answer.status < 200 or answer.status in (204, 304):
            return answer
        if 'chunked' in (answer.header('transfer-encoding') or ''):
            answer.body, answer.trailers = self.chunks()
        elif answer.header('content-length') is not None:
            answer.body = self.exactly(int(answer.header('content-length')))
        else:
            while self.more():
                pass
            answer.body, self.kept = self.kept, b''
        return answer

    def ended(self):
        """The peer closed, and nothing more came."""
        while not self.kept:
            try:
                if not self.more():
                    return True
            except ConnectionResetError:
                return True
        return False


def ask(sock, data, head_only=False):
    sock.sendall(data)
    return Reader(sock).answer(head_only)
