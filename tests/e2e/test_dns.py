"""STRICT_DNS: names are resolved, followed when they move or go, and kept when DNS fails."""

import json
import os
import re

from tests.e2e.lib import config
from tests.e2e.lib.points import run
from tests.e2e.lib.world import sh, until


def say(world, *addresses):
    with open(world.names, 'w', encoding='utf-8') as f:
        f.write('\n'.join(addresses) + '\n')


def prepare(world):
    world.names = os.path.join(world.folder, 'names')
    say(world, '10.80.2.2')
    world.dns = world.start('gateway', ['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.dns',
                                        '127.0.0.1', 53, world.names],
                            os.path.join(world.folder, 'dns.log'))
    resolv = os.path.join(world.folder, 'resolv.conf')
    with open(resolv, 'w', encoding='utf-8') as f:
        f.write('nameserver 127.0.0.1\noptions timeout:1 attempts:2\n')
    sh(f'mount --bind {resolv} $(readlink -f /etc/resolv.conf)')
    world.origin(address='10.80.2.2', name='first')
    world.origin(address='10.80.2.3', name='second')
    world.start_gateway(config.default(world))


def code(world):
    return world.curl('-o', '/dev/null', '-w', '%{http_code}', 'http://10.80.1.1/dns/x').stdout


def places(world):
    """The addresses that answer, by the origin's own sockets."""
    for _ in range(8):
        world.curl('http://10.80.1.1/dns/x')
    peers = world.call('origin', ['ss', '-Htn', 'state', 'established', 'sport = :8080']).stdout
    return {line.split()[2].rsplit(':', 1)[0].strip('[]').replace('::ffff:', '')
            for line in peers.splitlines()}


def test_name_is_resolved(world):
    done = world.curl('http://10.80.1.1/dns/x')
    assert json.loads(done.stdout)['path'] == '/x'


def test_two_addresses_are_both_used(world):
    say(world, '10.80.2.2', '10.80.2.3')
    until('both addresses serve', lambda: places(world) >= {'10.80.2.2', '10.80.2.3'}, 15)


def counted(world, name):
    found = re.search(rf'^cluster\.\S*\.{name}: ([1-9]\d*)$', world.admin('/stats')[1], re.MULTILINE)
    return int(found.group(1)) if found else 0


def test_name_that_is_gone_takes_its_hosts_away(world):
    say(world)
    until('no host is left', lambda: code(world) == '503', 15)
    say(world, '10.80.2.2')
    until('the host is back', lambda: code(world) == '200', 15)
    assert counted(world, 'update_success') > 1 and counted(world, 'update_failure') == 0


def test_last_addresses_stay_when_dns_is_away(world):
    world.dns.kill()
    world.dns.wait()
    until('the failure is counted', lambda: counted(world, 'update_failure'), 20)
    for _ in range(5):
        assert code(world) == '200'


if __name__ == '__main__':
    run(globals(), prepare)
