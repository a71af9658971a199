"""Load: wrk without one error, v4 and v6, and ten thousand connections at once."""

import re

from tests.e2e.lib.points import limit, run
from tests.e2e.lib.world import start_default


def wrk(world, url, connections, seconds=4):
    done = world.call('client', ['wrk', '-t1', f'-c{connections}', f'-d{seconds}s', '--latency', url],
                      limit_s=seconds + 20)
    rate = float(re.search(r'Requests/sec:\s+([\d.]+)', done.stdout).group(1))
    print(f'# {url} with {connections} connections: {rate:.0f} requests/s', flush=True)
    assert 'Socket errors' not in done.stdout, done.stdout
    assert 'Non-2xx' not in done.stdout, done.stdout
    assert rate > 100, done.stdout


def test_wrk_direct_response(world):
    wrk(world, 'http://10.80.1.1/direct', 64)


def test_wrk_proxied(world):
    wrk(world, 'http://10.80.1.1/', 16)


def test_wrk_proxied_v6(world):
    wrk(world, 'http://[fd80:1::1]/v6/', 16)


def test_nothing_hangs_after_load(world):
    assert world.curl('http://10.80.1.1/direct').stdout == 'from the gateway\n'


@limit(200)
def test_ten_thousand_connections_at_once(world):
    done = world.call('client', ['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.swarm', '10.80.1.1',
                                 80, 10000, 2], limit_s=190)
    assert done.stdout.startswith('good 20000 failed 0 open 10000'), done.stdout


if __name__ == '__main__':
    run(globals(), start_default)
