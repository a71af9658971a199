"""What is special about af_xdp: rights that lack, peers with offloads, kill -9, rest, queues.

That it serves like any other port is shown by the other files, run once more over it (suite.py).
"""

import os
import time

from tests.e2e.lib import config
from tests.e2e.lib.points import run
from tests.e2e.lib.world import program, sh, start_default, until

os.environ['HYDROFOIL_PORT_KIND'] = 'af_xdp'


def bootstrap_path(world, name='other.json', **hydrofoil):
    return world.write_json(name, config.default(world, hydrofoil=hydrofoil))


def refused_without(world, capabilities, *before):
    """Starts with these taken away; returns what it says."""
    world.stop_gateway()
    taken = ','.join(f'-{c}' for c in capabilities)
    drop = ['setpriv', f'--bounding-set={taken}', f'--inh-caps={taken}'] if taken else []
    done = world.call('gateway', [*before, *drop, program('hydrofoil'), '-c',
                                  bootstrap_path(world)], check=False, limit_s=20)
    world.start_gateway(config.default(world))
    text = done.stdout + done.stderr
    assert done.returncode == 1, text
    assert 'libbpf:' not in text, 'a library chatters'
    return text.splitlines()[-1]


def test_mac_is_that_of_the_interface(world):
    bootstrap = config.default(world)
    for port in bootstrap['hydrofoil']['ports']:
        del port['mac']
    world.stop_gateway()
    world.start_gateway(bootstrap)
    own = sh('ip netns exec gateway cat /sys/class/net/g0/address').strip()
    assert f'MAC {own}' in world.gateway_log()
    assert world.curl('http://10.80.1.1/direct').stdout == 'from the gateway\n'


def test_without_bpf(world):
    text = refused_without(world, ['bpf', 'sys_admin', 'perfmon'])
    assert 'CAP_BPF' in text and 'af_packet' in text, text


def test_without_locked_memory(world):
    text = refused_without(world, ['ipc_lock', 'sys_resource'], 'prlimit', '--memlock=65536')
    assert 'LimitMEMLOCK' in text and 'CAP_IPC_LOCK' in text, text


def test_without_net_admin(world):
    text = refused_without(world, ['net_admin'])
    assert 'CAP_NET_ADMIN' in text, text


def test_without_the_programs_of_libxdp(world):
    text = refused_without(world, [], 'env', 'LIBXDP_OBJECT_PATH=/nowhere')
    assert 'libxdp1' in text, text


def test_more_queues_than_workers(world):
    sh('ip -n gateway link add g7 numrxqueues 4 numtxqueues 4 type veth peer name c7 && '
       'ip -n gateway link set g7 up && ip netns exec gateway ethtool -L g7 rx 4 tx 4')
    bootstrap = config.default(world)
    bootstrap['hydrofoil']['ports'][0]['af_xdp']['interface'] = 'g7'
    done = world.call('gateway', [program('hydrofoil'), '-c', world.write_json('q.json', bootstrap)],
                      check=False, limit_s=20)
    text = done.stdout + done.stderr
    assert done.returncode == 1 and '4 rx queues' in text and 'ethtool -L g7' in text, text


def test_mtu_that_no_buffer_holds(world):
    bootstrap = config.default(world)
    bootstrap['hydrofoil']['ports'][0]['mtu'] = 9000
    done = world.call('gateway', [program('hydrofoil'), '-c', world.write_json('m.json', bootstrap)],
                      check=False, limit_s=20)
    assert done.returncode == 1 and '3542' in done.stdout + done.stderr, done.stderr


def test_peer_with_unfinished_checksums_is_named(world):
    sh('ip netns exec client ethtool -K c0 tx on')
    world.curl('--max-time', '1', 'http://10.80.1.1/direct', check=False)
    until('a sentence about it', lambda: 'ethtool -K IF tx off' in world.gateway_log(), 5)
    assert 'other end of g0' in world.gateway_log()
    sh('ip netns exec client ethtool -K c0 tx off')
    assert world.curl('http://10.80.1.1/direct').stdout == 'from the gateway\n'


def test_kill_9_leaves_nothing_in_the_way(world):
    for _ in range(3):
        world.gateway.kill()
        world.gateway.wait()
        world.start_gateway(config.default(world))
        assert world.curl('http://10.80.1.1/direct').stdout == 'from the gateway\n'


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def test_idle_it_rests_and_wakes(world):
    assert 'rests by naps' not in world.gateway_log().split('hydrofoil 0.1.0')[-1]
    before = cpu_seconds(world.gateway.pid)
    time.sleep(2)
    used = cpu_seconds(world.gateway.pid) - before
    assert used <= 0.2, f'{used} s of CPU in 2 s of rest'
    assert world.curl('--max-time', '1', 'http://10.80.1.1/direct').stdout == 'from the gateway\n'


if __name__ == '__main__':
    run(globals(), start_default)
