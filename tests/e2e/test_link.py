"""Links that go down and come up again: transfers in flight live on, new ones work."""

import subprocess
import time

from tests.e2e.lib.origin import pattern_digest
from tests.e2e.lib.points import run
from tests.e2e.lib.world import sh, start_default

COUNT = 200000000


def fetch(world):
    with world.inside('client'):
        return subprocess.Popen(['bash', '-c', 'set -o pipefail; curl -sS --fail --limit-rate 60M '
                                 f'"http://10.80.1.1/bytes?n={COUNT}" | sha256sum'],
                                text=True, stdout=subprocess.PIPE)


def interrupted(world, place, link):
    transfer = fetch(world)
    time.sleep(0.7)
    sh(f'ip -n {place} link set {link} down')
    time.sleep(1)
    sh(f'ip -n {place} link set {link} up')
    if place != 'gateway':
        again = {'c0': ('10.80.1.1', 'fd80:1::2', 'fd80:1::1'),
                 'o0': ('10.80.2.1', 'fd80:2::2', 'fd80:2::1')}[link]
        sh(f'ip -n {place} route replace default via {again[0]}')
        sh(f'ip -n {place} addr replace {again[1]}/64 dev {link} nodad')
        sh(f'ip -n {place} -6 route replace default via {again[2]}')
    out, _ = transfer.communicate(timeout=50)
    assert transfer.returncode == 0, 'the transfer broke'
    assert out.split()[0] == pattern_digest(COUNT)
    assert world.curl('http://10.80.1.1/direct').stdout == 'from the gateway\n'


def test_client_link_down_and_up(world):
    interrupted(world, 'client', 'c0')


def test_origin_link_down_and_up(world):
    interrupted(world, 'origin', 'o0')


def test_gateway_interface_down_and_up(world):
    interrupted(world, 'gateway', 'g0')


def test_v6_works_after_it(world):
    assert '"path": "/x"' in world.curl('http://[fd80:1::1]/v6/x').stdout


if __name__ == '__main__':
    run(globals(), start_default)
