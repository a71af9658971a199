"""An inside port takes every destination; two ports with one address live in two vrfs.

The client's default route is the gateway, so what it sends to anywhere arrives at the front port.
"""

import subprocess

from tests.e2e.lib import config as bootstrap
from tests.e2e.lib.points import run
from tests.e2e.lib.world import program, sh, until


def ports(vrf=0, **front):
    both = bootstrap.ports()
    both[0].update(inside=True, vrf=vrf, **front)
    return both


def every(world, name, vrf):
    """A listener on every address of the inside vrf, towards the origin in vrf 0."""
    listener = bootstrap.http_listener(world, '0.0.0.0', 80)
    listener['name'] = name
    if vrf:
        listener['metadata'] = {'filter_metadata': {'hydrofoil': {'vrf': vrf}}}
    return listener


def start(world, vrf):
    config = bootstrap.default(world, hydrofoil={'ports': ports(vrf)})
    config['static_resources']['listeners'] = [every(world, 'everywhere', vrf)]
    world.start_gateway(config)


def prepare(world):
    world.origin()
    start(world, 0)


def test_any_destination_is_served_in_one_vrf(world):
    for address in ('10.80.1.1', '192.0.2.7', '8.8.8.8', '169.254.169.254'):
        assert world.curl(f'http://{address}/direct').stdout == 'from the gateway\n', address
    assert '"path": "/x"' in world.curl('http://203.0.113.9/x').stdout
    world.call('client', ['ping', '-c', 1, '-W', 2, '198.51.100.1'])
    world.call('client', ['ping', '-c', 1, '-W', 2, '2001:db8::99'])


def test_it_answers_for_neighbours_that_are_not_there(world):
    """On the client's own link: only proxy ARP and ND lead to the gateway."""
    assert world.curl('http://10.80.1.77/direct').stdout == 'from the gateway\n'
    world.call('client', ['ping', '-c', 1, '-W', 2, 'fd80:1::77'])
    table = sh('ip -n client neigh show dev c0')
    assert '10.80.1.77 lladdr 02:00:00:00:01:01' in table, table


def test_the_client_keeps_its_own_address(world):
    """Duplicate address detection of a host on the inside is not answered."""
    sh('ip -n client addr add fd80:1::55/64 dev c0')
    until('its address is no longer tentative', lambda: 'tentative' not in sh(
        'ip -n client -6 addr show dev c0 to fd80:1::55'))
    assert 'dadfailed' not in sh('ip -n client -6 addr show dev c0')


def test_the_outside_takes_only_its_own(world):
    sh('ip -n origin route add 192.0.2.0/24 via 10.80.2.1')
    done = world.call('origin', ['curl', '-sS', '--max-time', 2, 'http://192.0.2.7/direct'],
                      check=False)
    assert done.returncode == 28, done.stdout + done.stderr
    drops = world.call('gateway', [program('foilctl'), 'drops']).stdout
    assert 'IP_NOT_FOR_US' in drops, drops


def test_the_same_with_a_vrf_of_its_own(world):
    assert world.stop_gateway() == 0
    start(world, 7)
    for address in ('10.80.1.1', '192.0.2.7'):
        assert world.curl(f'http://{address}/direct').stdout == 'from the gateway\n', address
    assert '"path": "/x"' in world.curl('http://203.0.113.9/x').stdout
    # The listener is in vrf 7 alone.
    done = world.call('origin', ['curl', '-sS', '--max-time', 3, 'http://10.80.2.1/direct'],
                      check=False)
    assert done.returncode == 7, done.stdout + done.stderr


def test_both_ports_may_have_one_address_in_two_vrfs(world):
    assert world.stop_gateway() == 0
    config = bootstrap.default(world, hydrofoil={'ports': ports(
        7, addresses=['10.80.2.1/32'],
        routes=[{'prefix': '10.80.1.0/24'}])})
    config['static_resources']['listeners'] = [every(world, 'inside', 7), every(world, 'outside', 0)]
    world.start_gateway(config)
    assert world.curl('http://10.80.2.1/direct').stdout == 'from the gateway\n'
    assert '"path": "/x"' in world.curl('http://10.80.2.1/x').stdout
    with world.inside('origin'):
        out = subprocess.run(['curl', '-sS', '--max-time', '5', 'http://10.80.2.1/direct'],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert out.stdout == 'from the gateway\n'


if __name__ == '__main__':
    run(globals(), prepare)
