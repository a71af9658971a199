"""Frames of 9,000 bytes over veth: offered in the SYN, used both ways, and none too long."""

import hashlib
import json

from tests.e2e.lib import config as bootstrap
from tests.e2e.lib.origin import pattern_digest
from tests.e2e.lib.points import run
from tests.e2e.lib.world import sh

MTU = 9000
COUNT = 50000000


def prepare(world):
    for place, link in (('gateway', 'g0'), ('gateway', 'g1'), ('client', 'c0'), ('origin', 'o0')):
        sh(f'ip -n {place} link set {link} mtu {MTU}')
    ports = bootstrap.ports()
    for port in ports:
        port['mtu'] = MTU
    world.origin()
    world.start_gateway(bootstrap.default(world, hydrofoil={'ports': ports}))


def received(world, place, link):
    """(packets, bytes) that came in by a link."""
    text = sh(f'ip -j -s -n {place} link show {link}')
    counts = json.loads(text)[0]['stats64']['rx']
    return counts['packets'], counts['bytes']


def test_a_download_comes_in_large_frames(world):
    before = received(world, 'client', 'c0')
    out = world.call('client', ['bash', '-c',
                                f'curl -sS --fail "http://10.80.1.1/bytes?n={COUNT}" | sha256sum'])
    after = received(world, 'client', 'c0')
    assert out.stdout.split()[0] == pattern_digest(COUNT)
    mean = (after[1] - before[1]) / (after[0] - before[0])
    assert mean > 7000, f'{mean:.0f} bytes a frame'


def test_an_upload_goes_out_in_large_frames(world):
    body = hashlib.sha256(b'jumbo').digest() * 300000
    path = f'{world.folder}/body'
    with open(path, 'wb') as f:
        f.write(body)
    before = received(world, 'origin', 'o0')
    answer = json.loads(world.curl('--data-binary', f'@{path}', 'http://10.80.1.1/up').stdout)
    after = received(world, 'origin', 'o0')
    assert answer['sha256'] == hashlib.sha256(body).hexdigest(), answer
    mean = (after[1] - before[1]) / (after[0] - before[0])
    assert mean > 7000, f'{mean:.0f} bytes a frame'


def test_pings_up_to_the_mtu(world):
    for size in (MTU - 28, 4000, 1472):
        world.call('client', ['ping', '-c', 1, '-W', 2, '-M', 'do', '-s', size, '10.80.1.1'])
    world.call('client', ['ping', '-c', 1, '-W', 2, '-s', MTU - 48, 'fd80:1::1'])


def test_a_mtu_that_the_device_does_not_have_is_refused(world):
    assert world.stop_gateway() == 0
    ports = bootstrap.ports()
    ports[0]['mtu'] = 9200
    gateway = world.start_gateway(bootstrap.default(world, hydrofoil={'ports': ports}), ready=False)
    assert gateway.wait(20) == 1
    assert 'MTU 9200 is more than the 9000 of g0' in world.gateway_log()


if __name__ == '__main__':
    run(globals(), prepare)
