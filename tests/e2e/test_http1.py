"""HTTP/1.1 and 1.0 by hand: framing, pipelining, trailers, expectations, slow senders."""

import json
import time

from tests.e2e.lib.origin import pattern_digest
from tests.e2e.lib.points import run
from tests.e2e.lib.raw import Reader, ask
from tests.e2e.lib.world import start_default

HOST = b'Host: x.test\r\n'


def told(answer):
    assert answer.status == 200, answer
    return json.loads(answer.body)


def test_keep_alive_serves_many(world):
    with world.connect() as sock:
        for i in range(20):
            assert told(ask(sock, b'GET /%d HTTP/1.1\r\n%s\r\n' % (i, HOST)))['path'] == f'/{i}'


def test_connection_close_is_honoured(world):
    with world.connect() as sock:
        sock.sendall(b'GET / HTTP/1.1\r\n' + HOST + b'Connection: close\r\n\r\n')
        reader = Reader(sock)
        assert reader.answer().header('connection') == 'close'
        assert reader.ended()


def test_http_10_closes(world):
    with world.connect() as sock:
        sock.sendall(b'GET / HTTP/1.0\r\n\r\n')
        reader = Reader(sock)
        answer = reader.answer()
        assert dict(told(answer)['headers'])['host'] == 'ten.test'
        assert reader.ended()


def test_http_10_keep_alive(world):
    with world.connect() as sock:
        for _ in range(2):
            told(ask(sock, b'GET / HTTP/1.0\r\n' + HOST + b'Connection: keep-alive\r\n\r\n'))


def test_http_10_gets_no_chunks(world):
    with world.connect() as sock:
        answer = ask(sock, b'GET /bytes?n=5000&chunked=1 HTTP/1.0\r\n' + HOST + b'\r\n')
        assert answer.header('transfer-encoding') is None, answer.headers
        assert len(answer.body) == 5000


def test_head_has_length_and_no_body(world):
    with world.connect() as sock:
        answer = ask(sock, b'HEAD /bytes?n=1234 HTTP/1.1\r\n' + HOST + b'\r\n', head_only=True)
        assert answer.header('content-length') == '1234'
        told(ask(sock, b'GET / HTTP/1.1\r\n' + HOST + b'\r\n'))


def test_chunked_request_and_answer(world):
    with world.connect() as sock:
        what = told(ask(sock, b'POST / HTTP/1.1\r\n' + HOST + b'Transfer-Encoding: chunked\r\n\r\n'
                        b'5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n'))
        assert what['length'] == 11
        answer = ask(sock, b'GET /bytes?n=3000000&chunked=1 HTTP/1.1\r\n' + HOST + b'\r\n')
        assert len(answer.body) == 3000000


def test_trailers_both_ways(world):
    with world.connect() as sock:
        what = told(ask(sock, b'POST / HTTP/1.1\r\n' + HOST + b'TE: trailers\r\n'
                        b'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n'))
        assert ['x-sum', '3'] in what['trailers'], what
        answer = ask(sock, b'GET /trailers HTTP/1.1\r\n' + HOST + b'TE: trailers\r\n\r\n')
        assert answer.body == b'hello world' and ('x-sum', '11') in answer.trailers, answer


def test_100_continue(world):
    with world.connect() as sock:
        sock.sendall(b'POST / HTTP/1.1\r\n' + HOST + b'Content-Length: 4\r\n'
                     b'Expect: 100-continue\r\n\r\n')
        reader = Reader(sock)
        assert reader.answer().status == 100
        sock.sendall(b'body')
        assert told(reader.answer())['length'] == 4


def test_pipelined_answers_come_in_order(world):
    with world.connect() as sock:
        paths = ['/slow?s=0.3', '/a', '/direct', '/b', '/bytes?n=20000', '/c']
        sock.sendall(b''.join(b'GET %s HTTP/1.1\r\n%s\r\n' % (p.encode(), HOST) for p in paths))
        reader = Reader(sock)
        answers = [reader.answer() for _ in paths]
        assert [a.status for a in answers] == [200] * 6
        assert told(answers[0])['path'] == '/slow?s=0.3' and told(answers[1])['path'] == '/a'
        assert answers[2].body == b'from the gateway\n' and told(answers[3])['path'] == '/b'
        assert len(answers[4].body) == 20000 and told(answers[5])['path'] == '/c'


def test_trickled_request(world):
    with world.connect() as sock:
        for byte in b'POST /t HTTP/1.1\r\n' + HOST + b'Content-Length: 3\r\n\r\nabc':
            sock.sendall(bytes([byte]))
            time.sleep(0.003)
        assert told(Reader(sock).answer())['length'] == 3


def test_trickled_answer_comes_as_it_is_sent(world):
    with world.connect() as sock:
        sock.sendall(b'GET /drip?n=5&s=0.2 HTTP/1.1\r\n' + HOST + b'\r\n')
        reader = Reader(sock)
        reader.line()
        reader.headers()
        moments = []
        for _ in range(5):
            reader.exactly(1)
            moments.append(time.monotonic())
        assert moments[-1] - moments[0] > 0.4, 'the answer was held back'


def test_slow_reader_gets_all(world):
    with world.connect(timeout_s=30) as sock:
        sock.sendall(b'GET /bytes?n=4000000 HTTP/1.1\r\n' + HOST + b'\r\n')
        time.sleep(2)
        import hashlib
        answer = Reader(sock).answer()
        assert hashlib.sha256(answer.body).hexdigest() == pattern_digest(4000000)


def refused(world, data, status=400):
    with world.connect() as sock:
        sock.sendall(data)
        reader = Reader(sock)
        answer = reader.answer()
        assert answer.status == status, answer
        assert reader.ended(), 'the connection stays open after a request that was refused'


def test_ambiguous_framing_is_refused(world):
    both = b'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    refused(world, b'POST / HTTP/1.1\r\n' + HOST + both)
    refused(world, b'POST / HTTP/1.1\r\n' + HOST + b'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd')
    refused(world, b'POST / HTTP/1.1\r\n' + HOST + b'Content-Length: +3\r\n\r\nabc')
    refused(world, b'GET / HTTP/1.1\r\n' + HOST + b'X : y\r\n\r\n')
    refused(world, b'GET / HTTP/1.1\r\n' + HOST + b'X: y\r\n folded\r\n\r\n')
    refused(world, b'GET / HTTP/1.1\r\nX: no-host\r\n\r\n')
    refused(world, b'GET / HTTP/1.1\r\n' + HOST + HOST + b'\r\n')


def test_garbage_is_refused(world):
    refused(world, b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http\r\n\r\n')


def test_gateway_is_well_after_all_this(world):
    assert world.admin('/ready')[0] == 200


if __name__ == '__main__':
    run(globals(), start_default)
