"""An origin with the habits that tests want:  python3 -m tests.e2e.lib.origin ADDRESS PORT

    /            200, a JSON of what arrived: method, path, headers, body's length and SHA-256,
                 trailers, the number of this connection and of the request on it
    /bytes?n=N   N bytes of the pattern (see pattern()), with content-length; &chunked=1 chunked
    /trailers    a chunked answer with trailers
    /slow?s=S    answers after S seconds;  /drip?n=N&s=S sends N bytes, one each S seconds
    /status?c=C  status C;  /close answers without length and closes;  /die closes before it answers
    PORT + 2     echoes bytes and half-closes when its client did (for tcp_proxy)

One thread a connection: few connections, big bodies.
"""

import hashlib
import itertools
import json
import socket
import sys
import threading
import time
import urllib.parse

PERIOD = 1048583  # prime, so that no chunking repeats at its border
BLOCK = b''.join(hashlib.sha256(b'%d' % i).digest() for i in range(PERIOD // 32 + 1))[:PERIOD]
serial = itertools.count(1)


def pattern(count):
    """The bytes of a body of that length, in pieces."""
    while count > 0:
        yield BLOCK[:count] if count < PERIOD else BLOCK
        count -= PERIOD


def pattern_digest(count):
    digest = hashlib.sha256()
    for piece in pattern(count):
        digest.update(piece)
    return digest.hexdigest()


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.input = sock.makefile('rb', 1 << 18)
        self.number = next(serial)
        self.requests = 0

    def serve(self):
        while self.one():
            pass
        self.sock.close()

    def header_block(self):
        headers = []
        while True:
            line = self.input.readline()
            if line in (b'\r\n', b''):
                return headers
            name, _, value = line.decode('latin-1').partition(':')
            headers.append([name.lower(), value.strip()])

    def body(self, headers):
        """(length, SHA-256, trailers) of the request's body, read to its end."""
        fields = dict(headers)
        digest, length, trailers = hashlib.sha256(), 0, []
        if fields.get('expect', '').lower() == '100-continue':
            self.sock.sendall(b'HTTP/1.1 100 Continue\r\n\r\n')
        sizes = self.chunk_sizes() if 'chunked' in fields.get('transfer-encoding', '') else \
            [int(fields.get('content-length', 0))]
        for size in sizes:
            while size:
                piece = self.input.read1(min(size, 1 << 18))
                if not piece:
                    raise ConnectionError('body ended early')
                digest.update(piece)
                length += len(piece)
                size -= len(piece)
        if 'chunked' in fields.get('transfer-encoding', ''):
            trailers = self.header_block()
        return length, digest.hexdigest(), trailers

    def chunk_sizes(self):
        while True:
            size = int(self.input.readline().split(b';')[0], 16)
            if not size:
                return
            yield size
            self.input.readline()

    def one(self):
        line = self.input.readline().decode('latin-1').split()
        if len(line) != 3:
            return False
        method, target, _ = line
        self.requests += 1
        headers = self.header_block()
        length, digest, trailers = self.body(headers)
        url = urllib.parse.urlsplit(target)
        asked = dict(urllib.parse.parse_qsl(url.query))
        what = {'method': method, 'path': target, 'headers': headers, 'length': length,
                'sha256': digest, 'trailers': trailers, 'connection': self.number,
                'request': self.requests}
        answer = getattr(self, 'do_' + url.path.strip('/').split('/')[0], None) or self.tell
        return answer(method, asked, what) is not False

    def head(self, status=200, **headers):
        lines = [f'HTTP/1.1 {status} Whatever', 'x-secret: 1', 'server: origin']
        lines += [f'{name.replace("_", "-")}: {value}' for name, value in headers.items()]
        return ('\r\n'.join(lines) + '\r\n\r\n').encode()

    def tell(self, method, asked, what):
        body = json.dumps(what).encode() + b'\n'
        head = self.head(content_type='application/json', content_length=len(body))
        self.sock.sendall(head + (b'' if method == 'HEAD' else body))

    def do_bytes(self, method, asked, what):
        count, chunked = int(asked['n']), 'chunked' in asked
        self.sock.sendall(self.head(transfer_encoding='chunked') if chunked else
                          self.head(content_length=count))
        if method == 'HEAD':
            return
        for piece in pattern(count):
            if chunked:
                piece = b'%x\r\n' % len(piece) + piece + b'\r\n'
            self.sock.sendall(piece)
        if chunked:
            self.sock.sendall(b'0\r\n\r\n')

    def do_trailers(self, method, asked, what):
        self.sock.sendall(self.head(transfer_encoding='chunked', trailer='x-sum') +
                          b'5\r\nhello\r\n6\r\n world\r\n0\r\nx-sum: 11\r\n\r\n')

    def do_slow(self, method, asked, what):
        time.sleep(float(asked['s']))
        self.tell(method, asked, what)

    def do_drip(self, method, asked, what):
        count = int(asked['n'])
        self.sock.sendall(self.head(content_length=count))
        for _ in range(count):
            self.sock.sendall(b'.')
            time.sleep(float(asked['s']))

    def do_status(self, method, asked, what):
        code = int(asked['c'])
        self.sock.sendall(self.head(code) if code in (204, 304) else
                          self.head(code, content_length=0))

    def do_close(self, method, asked, what):
        self.sock.sendall(self.head(connection='close') + b'until the end\n')
        return False

    def do_die(self, method, asked, what):
        return False


def serve(sock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        Connection(sock).serve()
    except (OSError, ValueError):
        sock.close()


def echo(sock):
    try:
        while True:
            data = sock.recv(1 << 18)
            if not data:
                break
            sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    sock.close()


def listen(address, port, handler):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=4096,
                                    dualstack_ipv6=family == socket.AF_INET6)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=handler, args=(sock,), daemon=True).start()


def main():
    address, port = sys.argv[1], int(sys.argv[2])
    threading.Thread(target=listen, args=(address, port + 2, echo), daemon=True).start()
    listen(address, port, serve)


if __name__ == '__main__':
    main()
