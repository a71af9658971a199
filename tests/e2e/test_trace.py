"""foilctl trace: one request from the first frame to its log line, and the verdicts of those that fail."""

import json
import os
import re
import signal
import subprocess
import time

from tests.e2e.lib.points import run
from tests.e2e.lib.world import program, start_default, until


def prepare(world):
    start_default(world, hydrofoil={'workers': 2})


def begin(world, *words):
    """foilctl trace, once the data plane has let it begin."""
    before = world.gateway_log().count(' begins')
    with world.inside('gateway'):
        process = subprocess.Popen([program('foilctl'), 'trace', *words], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until('the trace begins', lambda: world.gateway_log().count(' begins') > before, 10)
    return process


def end(process):
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    return out, err


def events(world, what, *words):
    """What a trace tells while what() happens."""
    process = begin(world, '--json', '-t', '10s', *words)
    what()
    return [json.loads(line) for line in end(process)[0].splitlines()]


def in_order(found, *wanted):
    """Each of wanted, (event, part of its text), stands behind the one before it."""
    at = 0
    for kind, part in wanted:
        while at < len(found) and not (found[at]['event'] == kind and part in found[at]['text']):
            at += 1
        assert at < len(found), (kind, part, [(e['event'], e['text']) for e in found])
        at += 1


def test_one_request_from_frame_to_log(world):
    found = events(world, lambda: world.curl('-A', 'x', 'http://10.80.1.1/traced/one'), '--dport', '80')
    in_order(found, ('BEGIN', '10.80.1.2:'), ('FRAME_IN', 'in on front: SYN'),
             ('IP_TAKEN', 'for us: 10.80.1.2 to 10.80.1.1'), ('TCP_LISTENER', '10.80.1.1:80'),
             ('TCP_STATE', 'CLOSED -> SYN-RECEIVED'), ('FRAME_OUT', 'out on front: SYN+ACK'),
             ('TCP_STATE', 'SYN-RECEIVED -> ESTABLISHED'), ('LISTENER', 'listener http-10.80.1.1'),
             ('REQUEST', 'GET 10.80.1.1/traced/one, HTTP/1.1'), ('ROUTE', 'virtual host all: route /'),
             ('FILTER_REQUEST', 'header_mutation: the request goes on'), ('CLUSTER', 'cluster origin'),
             ('HOST', 'host 10.80.2.2:8080'), ('SERVES', 'to 10.80.2.2:8080 serves it'),
             ('REQUEST_SENT', 'attempt 1'), ('FRAME_OUT', 'out on back: PSH+ACK'),
             ('UPSTREAM_ANSWER', 'answer 200'), ('ANSWER', 'answer 200 to the client'),
             ('LOGGED', 'access log 1'), ('REQUEST_END', ': 200, via_upstream'),
             ('FRAME_OUT', 'out on front: '), ('TCP_END', 'over: '))
    assert len({e['conn'] for e in found}) == 1, found
    assert {e['side'] for e in found if e['layer'] == 'link' and 'back' in e['text']} == {'upstream'}
    times = [e['unix_ns'] for e in found]
    assert times == sorted(times) and abs(times[0] / 1e9 - time.time()) < 60


def test_what_has_no_route_says_so(world):
    found = events(world, lambda: world.curl('-o', '/dev/null', '-H', 'Host: only.test',
                                             'http://10.80.1.1/nowhere'))
    in_order(found, ('REQUEST', 'only.test/nowhere'), ('NO_ROUTE', 'no route'),
             ('REPLY', 'answered here: 404, route_not_found'), ('ANSWER', 'answer 404'),
             ('LOGGED', ''), ('REQUEST_END', 'flags NR'), ('TCP_END', 'over'))
    assert not any(e['side'] == 'upstream' for e in found), found


def test_a_host_that_refuses_says_so(world):
    found = events(world, lambda: world.curl('-o', '/dev/null', 'http://10.80.1.1/dead/x'))
    in_order(found, ('CLUSTER', 'cluster dead'), ('POOL_OPENS', ''), ('FRAME_OUT', 'out on back: SYN'),
             ('TCP_STATE', 'SYN-SENT -> CLOSED'), ('TCP_END', 'refused'),
             ('CONNECT_FAILED', 'remote connection failure'), ('REPLY', 'answered here: 503'),
             ('REQUEST_END', 'flags UF'), ('TCP_END', 'over: '))


def test_a_port_where_nobody_listens_says_so(world):
    found = events(world, lambda: world.curl('http://10.80.1.1:81/', check=False), '-p', '81')
    in_order(found, ('FRAME_IN', 'SYN'), ('TCP_NO_LISTENER', '10.80.1.1:81'),
             ('TCP_DROPPED', 'TCP_NO_CONNECTION'), ('FRAME_OUT', 'RST+ACK'))


def test_a_path_on_a_connection_that_is_open(world):
    with world.connect() as sock:
        def ask(path):
            sock.sendall(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            assert sock.recv(65536).startswith(b'HTTP/1.1 200')

        ask('/before')
        found = events(world, lambda: (ask('/other'), ask('/wanted/x'), ask('/after')),
                       '--path', '/wanted', '-l', 'http-10.80.1.1')
    in_order(found, ('BEGIN', ''), ('REQUEST', 'GET x/wanted/x'), ('REQUEST_END', ': 200'))
    assert [e['text'] for e in found if e['event'] == 'REQUEST'] == ['GET x/wanted/x, HTTP/1.1, 0 fields']


def test_a_connection_that_foilctl_conns_shows(world):
    with world.connect() as sock:
        port = str(sock.getsockname()[1])

        def shown():
            return json.loads(world.call('gateway', [program('foilctl'), 'conns', '--json', '-p',
                                                     port]).stdout)['connections']
        until('the connection is shown', lambda: len(shown()) == 1, 5)

        def ask():
            sock.sendall(b'GET /direct HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
            while sock.recv(65536):
                pass
            sock.close()
        found = events(world, ask, '--conn', shown()[0]['id'])
    in_order(found, ('BEGIN', f':{port} to '), ('FRAME_IN', ''), ('REQUEST', '/direct'),
             ('REPLY', 'answered here: 200'), ('TCP_STATE', ''), ('TCP_END', 'over'))


def test_both_workers_tell_of_one_connection(world):
    def some():
        for _ in range(8):
            world.curl('http://10.80.1.1/direct')
    found = events(world, some, '-n', '8')
    handed = [e for e in found if e['event'] == 'HANDED_OVER']
    taken = [e for e in found if e['event'] == 'TAKEN_OVER']
    assert handed and taken, found
    assert {e['worker'] for e in handed} == {0} and {e['worker'] for e in taken} == {1}
    assert len([e for e in found if e['event'] == 'BEGIN']) == 8
    one = [e for e in found if e['conn'] == handed[0]['conn']]
    in_order(one, ('FRAME_IN', 'SYN'), ('HANDED_OVER', 'worker 1'), ('TAKEN_OVER', 'worker 0: SYN'),
             ('TCP_LISTENER', ''), ('REQUEST', '/direct'), ('TCP_END', ''))


def test_a_screen(world):
    process = begin(world, '-t', '10s')
    world.curl('http://10.80.1.1/direct')
    out, err = end(process)
    assert out.startswith('       MS   W   LAYER    EVENT\n    0.000   0   conn     10.80.1.2:'), out
    assert re.search(r'^ +[01]   http +GET 10\.80\.1\.1/direct, HTTP/1\.1', out, re.MULTILINE), out
    assert err == '', err


def test_a_few_at_a_time_and_what_goes_is_given_back(world):
    running = [begin(world, '-p', '9', '-t', '60s') for _ in range(4)]
    refused = world.call('gateway', [program('foilctl'), 'trace', '-t', '1s'], check=False)
    assert refused.returncode == 1 and '4 traces run already' in refused.stderr, refused
    running[0].send_signal(signal.SIGINT)
    out, err = running[0].communicate(timeout=10)
    assert out == '' and err == 'No connection that fits came.\n', (out, err)
    running[1].kill()  # it cannot say goodbye: its place is free after a while
    running[1].communicate()
    running[0] = begin(world, '-p', '9', '-t', '60s')
    until('the place of the one that died', lambda: 'ended' in world.gateway_log() and world.call(
        'gateway', [program('foilctl'), 'trace', '-t', '0.1s'], check=False).returncode == 0, 15)
    for process in (running[0], *running[2:]):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)


def test_mistakes_are_named(world):
    for words, said in ((['-l', 'nosuch'], 'there is no listener nosuch'),
                        (['--path', 'x'], 'a path begins with /'),
                        (['-n', '65'], 'count is from 1 to 64'),
                        (['--conn', 'zz'], 'no ID of a connection'),
                        (['-a', '300.0.0.1'], 'is not understood')):
        done = world.call('gateway', [program('foilctl'), 'trace', *words], check=False)
        assert done.returncode == 1 and said in done.stderr, done


def test_traces_lose_no_request(world):
    process = begin(world, '-n', '64', '-t', '3s')
    done = world.call('client', ['wrk', '-t1', '-c32', '-d2s', '-H', 'Connection: close',
                                 'http://10.80.1.1/direct'])
    assert 'Socket errors' not in done.stdout and 'Non-2xx' not in done.stdout, done.stdout
    out, err = end(process)
    assert len(re.findall(r'conn +\S+ to 10\.80\.1\.1:80$', out, re.MULTILINE)) == 64, err
    assert os.path.exists(world.folder) and world.gateway.poll() is None


def test_drains(world):
    assert world.stop_gateway() == 0, world.gateway_log()


if __name__ == '__main__':
    run(globals(), prepare)
