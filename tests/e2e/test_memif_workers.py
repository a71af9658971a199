"""Two workers on both ends of a memif: each serves its share, nothing is lost between them."""

import os
import re

from tests.e2e import test_memif as memif
from tests.e2e.lib.points import limit, run
from tests.e2e.lib.world import until

CONNECTIONS = 1000
ADMINS = {'near': 9901, 'far': 9921}


def with_two_workers(config):
    config['hydrofoil']['workers'] = 2
    return config


def prepare(world):
    world.origin()
    world.start_gateway(with_two_workers(memif.near(world)))
    far = memif.far
    memif.far = lambda w: with_two_workers(far(w))
    world.far = memif.start_far(world)


def stats(world, end):
    return world.call('gateway', ['curl', '-sS', '--fail',
                                  f'http://127.0.0.1:{ADMINS[end]}/stats/prometheus']).stdout


def counts(world, end, name):
    found = re.findall(rf'^hydrofoil_worker_{name}{{worker="\d+"}} (\d+)$', stats(world, end),
                       re.MULTILINE)
    assert len(found) == 2, name
    return [int(n) for n in found]


def nothing_was_lost(world, end):
    until(f'what was handed over is taken ({end})',
          lambda: sum(counts(world, end, 'handed_over_packets_total')) > 0 and
          sum(counts(world, end, 'handed_over_packets_total')) ==
          sum(counts(world, end, 'taken_over_packets_total')))
    assert not re.search(r'reason="HANDOVER_FULL"} [1-9]', stats(world, end))


def test_answers_over_both_families(world):
    for path in ('/x', '/six/x'):
        for _ in range(6):
            assert '"path": "/x"' in world.curl(f'http://10.80.1.1{path}').stdout


@limit(120)
def test_each_serves_its_share_of_a_thousand_connections(world):
    before = counts(world, 'near', 'log_lines_total')
    at_far = counts(world, 'far', 'log_lines_total')
    done = world.call('client', ['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.swarm', '10.80.1.1',
                                 80, CONNECTIONS, 2, 'from the far one'], limit_s=110)
    total = 2 * CONNECTIONS
    assert done.stdout.startswith(f'good {total} failed 0 open {CONNECTIONS}'), done.stdout
    served = [a - b for a, b in zip(counts(world, 'near', 'log_lines_total'), before)]
    print(f'# near, requests by worker: {served}', flush=True)
    assert sum(served) == total and min(served) >= 0.4 * total, served
    there = [a - b for a, b in zip(counts(world, 'far', 'log_lines_total'), at_far)]
    print(f'# far, requests by worker: {there}', flush=True)
    assert sum(there) == total and min(there) > 0, there


def test_nothing_was_lost_between_workers(world):
    nothing_was_lost(world, 'near')
    nothing_was_lost(world, 'far')


if __name__ == '__main__':
    run(globals(), prepare)
