"""802.1Q: one port with a tag, the other without; frames with a wrong tag go nowhere."""

from tests.e2e.lib import config as bootstrap
from tests.e2e.lib.origin import pattern_digest
from tests.e2e.lib.points import run
from tests.e2e.lib.world import program, sh, until

COUNT = 20000000


def add_vlan(world, vlan):
    """A device with its tag on c0, as `ip link add ... type vlan` makes one where the kernel can."""
    world.start('client', ['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.tagger', 'c0', vlan,
                           f'v{vlan}'], f'{world.folder}/tagger.log')
    until('the tap is there', lambda: not world.call(
        'client', ['ip', 'link', 'set', f'v{vlan}', 'up'], check=False).returncode)
    sh(f'ip netns exec client ethtool -K v{vlan} tx off tso off gso off gro off')


def prepare(world):
    sh('ip -n client -6 route del default')
    sh('ip -n client addr flush dev c0')
    for vlan in (100, 101):
        add_vlan(world, vlan)
    world.address('client', 'v100', '10.80.1.2', 'fd80:1::2', '10.80.1.1', 'fd80:1::1')
    ports = bootstrap.ports()
    ports[0]['vlan'] = 100
    ports[0]['exception'] = {'tap': {'interface': 'foil-x0'}}
    world.origin()
    world.start_gateway(bootstrap.default(world, hydrofoil={'ports': ports}))


def test_requests_with_the_tag_of_the_port(world):
    for host in ('10.80.1.1', '[fd80:1::1]'):
        assert world.curl(f'http://{host}/direct').stdout == 'from the gateway\n'
    out = world.call('client', ['bash', '-c',
                                f'curl -sS --fail "http://10.80.1.1/bytes?n={COUNT}" | sha256sum'])
    assert out.stdout.split()[0] == pattern_digest(COUNT)


def test_full_frames_pass_with_their_tag(world):
    world.call('client', ['ping', '-c', 1, '-W', 2, '-M', 'do', '-s', 1472, '10.80.1.1'])


def test_the_kernel_behind_it_is_in_the_vlan_too(world):
    for host in ('10.80.1.2', 'fd80:1::2'):
        world.call('gateway', ['ping', '-c', 2, '-i', '0.2', '-W', 2, '-I', 'foil-x0', host])
    world.call('gateway', ['ping', '-c', 1, '-W', 2, '-s', 1472, '-M', 'do', '-I', 'foil-x0', '10.80.1.2'])


def test_another_tag_is_not_heard_and_counted(world):
    sh('ip -n client addr add 10.80.7.2/24 dev v101')
    sh('ip -n client neigh replace 10.80.7.1 lladdr 02:00:00:00:01:01 dev v101')
    assert world.call('client', ['ping', '-c', 2, '-i', '0.2', '-W', 1, '10.80.7.1'],
                      check=False).returncode
    until('they are counted', lambda: 'LINK_VLAN' in world.call(
        'gateway', [program('foilctl'), 'drops'], check=False).stdout)


if __name__ == '__main__':
    run(globals(), prepare)
