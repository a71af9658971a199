"""Mixed load with churn for HYDROFOIL_SOAK_S seconds over ports of HYDROFOIL_PORT_KIND; two workers.

    busy clients, keep-alive and one request a connection  ─┐
    big bodies both ways, with checksums                    ├─> gateway (over memif: two of them) ─> origin
    tcp_proxy sessions; clients without manners             ┘       buckets move, workers rest

Rounds of load; after each, when all is quiet, a census.  The one after a third of them shows what a gateway
that has worked has; none after it may show more.  No polite client may see a failure.
"""

import json
import os
import re
import socket
import subprocess
import time

from tests.e2e import test_memif as memif
from tests.e2e.lib import config
from tests.e2e.lib.origin import pattern, pattern_digest
from tests.e2e.lib.points import limit, run
from tests.e2e.lib.world import until
from tests.soak import census

SECONDS = int(os.environ.get('HYDROFOIL_SOAK_S', '12'))
KIND = os.environ.get('HYDROFOIL_PORT_KIND', 'af_packet')
ROUND_S = min(60, max(3, SECONDS // 4))
BODY_BYTES = 5000000
PYTHON = ['/usr/bin/python3', '-B', '-m']
ORDERS = ['rest=1', 'add=1', 'rest=0', 'add=0', 'move=64&from=0&to=1', 'move=64&from=1&to=0']
UPSTREAM_HTTP = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'


def soaked(bootstrap, listeners=(), clusters=()):
    """Two workers; upstream connections go soon, so that a quiet gateway has none, and have the time to
    repeat a SYN that a full ring lost."""
    bootstrap['hydrofoil']['workers'] = 2
    static = bootstrap['static_resources']
    static['listeners'] += listeners
    static['clusters'] += clusters
    for cluster in static['clusters']:
        cluster['connect_timeout'] = '5s'
        cluster['typed_extension_protocol_options'] = {UPSTREAM_HTTP: config.any_of(
            UPSTREAM_HTTP, common_http_protocol_options={'idle_timeout': '1s'},
            explicit_http_config={'http_protocol_options': {}})}
    return bootstrap


def prepare_memif(world):
    """tests/e2e/test_memif.py's two gateways, with the rest of the load's targets."""
    os.environ['HYDROFOIL_PORT_KIND'] = 'af_packet'  # of the ports towards Linux
    near, far = memif.near(world), memif.far
    chain = near['static_resources']['listeners'][0]['filter_chains'][0]
    hosts = chain['filters'][0]['typed_config']['route_config']['virtual_hosts']
    hosts[0]['routes'].insert(0, config.route('/dead/', 'dead'))
    world.start_gateway(soaked(near, [config.tcp_listener('10.80.1.1', 9000, 'echo')],
                               [config.cluster('echo', ('10.80.3.2', 9000)),
                                config.cluster('dead', ('10.80.3.2', 8099))]))
    memif.far = lambda world: soaked(far(world), [config.tcp_listener('10.80.3.2', 9000, 'echo')],
                                     [config.cluster('echo', ('10.80.2.2', 8082))])
    world.far = memif.start_far(world)


def prepare(world):
    world.origin()
    if KIND == 'memif':
        prepare_memif(world)
    else:
        world.start_gateway(soaked(config.default(world)))
    until('an answer', lambda: 'from the' in world.curl('http://10.80.1.1/direct', check=False).stdout, 20)


def gateways(world):
    return [(world.gateway, 9901)] + ([(world.far, 9921)] if KIND == 'memif' else [])


def background(world, *argv):
    with world.inside('client'):
        return subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def told(process):
    return process.communicate(timeout=ROUND_S + 60)[0]


def bodies(world):
    """One down, one up."""
    down = world.call('client', ['bash', '-c', 'set -o pipefail; curl -sS --fail '
                                 f'"http://10.80.1.1/bytes?n={BODY_BYTES}" | sha256sum'])
    assert down.stdout.split()[0] == pattern_digest(BODY_BYTES), down
    path = os.path.join(world.folder, 'body')
    if not os.path.exists(path):
        with open(path, 'wb') as file:
            file.writelines(pattern(BODY_BYTES))
    up = json.loads(world.curl('--data-binary', f'@{path}', 'http://10.80.1.1/x').stdout)
    assert (up['length'], up['sha256']) == (BODY_BYTES, pattern_digest(BODY_BYTES)), up


def tcp_session(world):
    with world.connect(port=9000) as sock:
        for number in range(20):
            sent = b'%d' % number * 500
            sock.sendall(sent)
            got = b''
            while len(got) < len(sent):
                piece = sock.recv(65536)
                assert piece, 'an echo that ended early'
                got += piece
            assert got == sent
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b''


def order(world, number):
    what = ORDERS[number % len(ORDERS)]
    status, body = world.admin(f'/hydrofoil/workers/order?{what}', 'POST')
    assert status == 200, (what, body)


def demand(world, good, text):
    """A polite client was served well; else the access log tells what became of its requests."""
    if good:
        return
    with open(world.access_log, encoding='utf-8', errors='replace') as lines:
        failed = [line.rstrip() for line in lines
                  if ('steady.test' in line or '"GET /direct' in line) and ' 200 ' not in line]
    raise AssertionError('\n'.join([text, *failed[:20]]))


def one_round(world, number):
    """Everything at once for ROUND_S; returns the requests that were answered."""
    wrk = ['wrk', '-t1', f'-d{ROUND_S}s', '--timeout', '20s']
    polite = [background(world, *wrk, '-c24', 'http://10.80.1.1/direct'),
              background(world, *wrk, '-c8', '-H', 'Connection: close', 'http://10.80.1.1/direct'),
              background(world, *PYTHON, 'tests.e2e.lib.steady', '10.80.1.1', 80, '/x', 6, ROUND_S)]
    vandals = background(world, *PYTHON, 'tests.soak.vandals', '10.80.1.1', 80, ROUND_S, number)
    end, step = time.monotonic() + ROUND_S, 0
    while time.monotonic() < end:
        bodies(world)
        tcp_session(world)
        order(world, step)
        step += 1
    while step % len(ORDERS):  # so that every round ends with all at work
        order(world, step)
        step += 1
    answered = 0
    for process in polite[:2]:
        text = told(process)
        demand(world, 'Socket errors' not in text and 'Non-2xx' not in text, text)
        answered += int(re.search(r'(\d+) requests in', text).group(1))
    text = told(polite[2])
    demand(world, ' failed 0' in text, text)
    manners = told(vandals)
    assert len(manners.split()) > 5, manners
    return answered + int(text.split()[1])


@limit(2 * SECONDS + 200)
def test_nothing_grows_and_nobody_fails(world):
    first, answered = None, 0
    new = [census.of_new(world, port) for _, port in gateways(world)]
    rounds = max(2, SECONDS // ROUND_S)
    for number in range(rounds):
        answered += one_round(world, number)
        now = [census.take(world, *gateway, then) for gateway, then in zip(gateways(world), new)]
        for at in now:
            print(f'# after round {number}, {answered} answers: {at}', flush=True)
        if number == rounds // 3:
            first = now
        for then, here in zip(first or now, now):
            assert not census.grown(then, here), census.grown(then, here)


@limit(90)
def test_ends_with_everything_given_back(world):
    assert world.stop_gateway(60) == 0, world.gateway_log()


if __name__ == '__main__':
    run(globals(), prepare)
