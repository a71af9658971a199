"""More slow readers than there are packet buffers: new work is shed and counted, what is up goes on,
the tools answer, and after the flood everything is as before."""

import json
import os

from tests.e2e.lib import config
from tests.e2e.lib.nginx import Nginx
from tests.e2e.lib.origin import pattern
from tests.e2e.lib.points import limit, run
from tests.e2e.lib.raw import ask
from tests.e2e.lib.world import program, until

CLIENTS = 4000
BODY_BYTES = 1 << 20
REQUEST = b'GET /direct HTTP/1.1\r\nHost: kept.test\r\n\r\n'


def prepare(world):
    world.nginx = Nginx(world)
    with open(os.path.join(world.nginx.folder, 'large'), 'wb') as f:
        for piece in pattern(BODY_BYTES):
            f.write(piece)
    bootstrap = config.default(world, hydrofoil={'memory': {'mib': 64}})
    limits = {'max_connections': 2 * CLIENTS, 'max_requests': 2 * CLIENTS}
    for cluster in bootstrap['static_resources']['clusters']:
        if cluster['name'] == 'site':
            cluster['circuit_breakers'] = {'thresholds': [limits]}
    world.start_gateway(bootstrap)


def stat(world, pattern_of_names):
    done = world.call('gateway', [program('foilctl'), 'stat', '--json', pattern_of_names], limit_s=5)
    return sum(entry['value'] for entry in json.loads(done.stdout)['stats'])


def drops(world, reason):
    done = world.call('gateway', [program('foilctl'), 'drops', '--json'], limit_s=5)
    return sum(drop['count'] for drop in json.loads(done.stdout)['drops'] if drop['reason'] == reason)


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def flood(world):
    log = os.path.join(world.folder, 'flood.log')
    process = world.start('client', ['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.flood', '10.80.1.1',
                                     80, '/site/large', CLIENTS], log)
    until('buffers are short', lambda: stat(world, r'mbuf_pressure') > 0, 30)
    return process, log


@limit(100)
def test_a_flood_of_slow_readers(world):
    kept = world.connect()
    assert ask(kept, REQUEST).status == 200
    before = stat(world, r'mbufs_available')
    process, log = flood(world)
    until('the flood is complete', lambda: 'open' in read(log), 40)
    assert drops(world, 'TCP_MBUF_WATERMARK') > 0
    for _ in range(20):
        assert ask(kept, REQUEST).status == 200
    assert world.admin('/ready') == (200, 'LIVE\n')
    assert world.call('gateway', [program('foilctl'), 'conns'], limit_s=10).stdout.count('\n') > 500
    print(f'# {read(log).strip()}, {stat(world, "mbufs_available")} of {before} buffers free, '
          f'{drops(world, "TCP_MBUF_WATERMARK")} SYNs shed', flush=True)
    process.kill()
    process.wait()
    until('new connections are served', lambda: world.curl(
        '--max-time', '3', 'http://10.80.1.1/direct', check=False).stdout == 'from the gateway\n', 30)
    assert len(world.curl('http://10.80.1.1/site/large').stdout) > 0
    until('the buffers are back', lambda: stat(world, r'mbufs_available') >= before, 30)
    assert stat(world, r'mbuf_pressure') == 0
    assert ask(kept, REQUEST).status == 200


if __name__ == '__main__':
    run(globals(), prepare)
