"""Fragments from Linux: of a router with a narrow link, and of hosts that know a narrow path.

    namespace "far" ── 10.80.9.0/24 ── "client", a router that cuts at 1,000 ── gateway

Over af_packet the kernel puts IPv4 together before the gateway sees it (the driver's fan-out asks for
that); fragments of IPv6 reach the gateway's own reassembly on every port.
"""

import hashlib
import json

from tests.e2e.lib import config as bootstrap
from tests.e2e.lib.points import run
from tests.e2e.lib.world import program, sh, until

COUNT = 3000000


def routes():
    ports = bootstrap.ports()
    ports[0]['routes'] = [{'prefix': '10.80.9.0/24', 'via': '10.80.1.2'}]
    return {'ports': ports}


def prepare(world):
    sh('ip netns add far && ip -n far link set lo up')
    sh('ip -n client link add c1 type veth peer name f0 netns far')
    for place, link in (('client', 'c1'), ('far', 'f0')):
        sh(f'ip -n {place} link set {link} up')
        sh(f'ip netns exec {place} ethtool -K {link} tx off tso off gso off gro off')
    sh('ip -n client addr add 10.80.9.1/24 dev c1')
    sh('ip -n far addr add 10.80.9.2/24 dev f0')
    sh('ip -n far route add default via 10.80.9.1')
    sh('ip netns exec client sysctl -qw net.ipv4.ip_forward=1')
    # Without Don't Fragment, and a router that has to cut.
    sh('ip netns exec far sysctl -qw net.ipv4.ip_no_pmtu_disc=1')
    sh('ip -n client route replace 10.80.1.1/32 dev c0 mtu 1000')
    world.origin()
    world.start_gateway(bootstrap.default(world, hydrofoil=routes()))


def dropped(world, reason):
    text = world.call('gateway', [program('foilctl'), 'drops'], check=False).stdout
    return [line for line in text.splitlines() if reason in line]


def captured_fragments(world):
    text = sh('ip netns exec client nstat -asz IpFragCreates')
    return int(float(text.split('IpFragCreates')[1].split()[0]))


def test_an_upload_in_fragments_arrives_whole(world):
    body = hashlib.sha256(b'fragments').digest() * (COUNT // 32)
    path = f'{world.folder}/body'
    with open(path, 'wb') as f:
        f.write(body)
    answer = json.loads(world.call('far', [
        'curl', '-sS', '--max-time', 50, '--data-binary', f'@{path}', 'http://10.80.1.1/up']).stdout)
    assert answer['sha256'] == hashlib.sha256(body).hexdigest(), answer
    assert answer['length'] == len(body)
    assert captured_fragments(world) > 2 * COUNT // 1500, 'the router did not cut'


def test_pings_in_fragments_are_answered(world):
    world.call('far', ['ping', '-c', 3, '-i', '0.2', '-W', 2, '-s', 1400, '-M', 'dont', '10.80.1.1'])
    sh('ip -n client -6 route replace fd80:1::1 dev c0 mtu 1280')
    world.call('client', ['ping', '-c', 3, '-i', '0.2', '-W', 2, '-s', 1400, 'fd80:1::1'])


SENDER = """
import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 44)
for i in range(200):
    s.sendto(struct.pack('!BBHI', 17, 0, 1, i) + bytes(16), ('fd80:1::1', 0))
"""


def test_what_never_completes_is_bounded(world):
    """First fragments alone: the sender's share is used up, and the gateway goes on serving."""
    world.call('client', ['/usr/bin/python3', '-c', SENDER])
    until('the share is used up', lambda: dropped(world, 'IP_REASSEMBLY_SOURCE'))
    assert world.curl('http://10.80.1.1/direct').stdout == 'from the gateway\n'
    sh('ip -n client -6 addr add fd80:1::3/64 dev c0 nodad')
    world.call('client', ['ping', '-c', 1, '-W', 2, '-s', 1400, '-I', 'fd80:1::3', 'fd80:1::1'])
    assert not dropped(world, 'IP_REASSEMBLY_FULL')


if __name__ == '__main__':
    run(globals(), prepare)
