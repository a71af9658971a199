"""foilctl capture, read by tshark."""

import os
import signal
import subprocess

from tests.e2e.lib.points import run
from tests.e2e.lib.world import program, start_default, until


def prepare(world):
    start_default(world)


def begin(world, name, *words):
    """Starts a capture into a file and returns once its first bytes are there."""
    path = os.path.join(world.folder, name)
    process = world.start('gateway', [program('foilctl'), 'capture', '-w', path, *words],
                          os.path.join(world.folder, f'{name}.log'))
    until('the capture begins', lambda: os.path.exists(path) and os.path.getsize(path) > 0)
    return process, path


def end(process):
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0, process


def tshark(path, *words):
    done = subprocess.run(['tshark', '-n', '-r', path, *words], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    told = [line for line in done.stderr.splitlines() if 'Running as user "root"' not in line]
    assert done.returncode == 0 and not told, done
    return done.stdout.splitlines()


def test_a_request_is_seen_on_both_ports_both_ways(world):
    process, path = begin(world, 'all.pcapng')
    world.curl('http://10.80.1.1/hello')
    end(process)
    seen = tshark(path, '-Y', 'http', '-T', 'fields', '-e', 'frame.interface_name', '-e',
                  'frame.packet_flags_direction', '-e', 'http.request.method', '-e',
                  'http.response.code')
    assert {line.split('\t')[0] for line in seen} == {'front', 'back'}, seen
    assert any(line.startswith('front\t0x00000001\tGET') for line in seen), seen
    assert any(line.startswith('back\t0x00000002\tGET') for line in seen), seen
    assert any(line.startswith('front\t0x00000002\t\t200') for line in seen), seen
    assert not tshark(path, '-Y', '_ws.malformed'), 'malformed frames'


def test_filters_hold(world):
    process, path = begin(world, 'syn.pcapng', '--on', 'front', '--flags', 'syn', '-d', 'rx',
                          '--dport', '80', '-s', '60')
    for _ in range(3):
        world.curl('http://10.80.1.1/direct')
    end(process)
    seen = tshark(path, '-T', 'fields', '-e', 'frame.cap_len', '-e', 'tcp.flags.syn', '-e',
                  'tcp.flags.ack', '-e', 'tcp.dstport')
    assert seen == ['60\t1\t0\t80'] * 3 or seen == ['60\tTrue\tFalse\t80'] * 3, seen


def test_drops_tell_their_reason(world):
    process, path = begin(world, 'drops.pcapng', '--dropped')
    world.call('client', ['bash', '-c', 'echo x >/dev/udp/10.80.1.1/7'], check=False)
    world.curl('http://10.80.1.1/direct')
    end(process)
    seen = tshark(path, '-T', 'fields', '-e', 'udp.dstport', '-e', 'frame.comment')
    assert any(line.startswith('7\tdropped: UDP_NO_PORT') for line in seen), seen
    assert all('dropped: ' in line for line in seen), seen


def test_count_and_pipe(world):
    capture = f'{program("foilctl")} capture -w - -c 5 --proto tcp'
    with world.inside('gateway'):
        process = subprocess.Popen(f'{capture} | tshark -n -l -r -', shell=True, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until('five frames', lambda: world.curl('http://10.80.1.1/hello') and process.poll() is not None)
    out, err = process.communicate()
    assert len(out.splitlines()) == 5, out + err
    assert '5 frames captured' in err, err


def test_ring_of_files(world):
    process, path = begin(world, 'one.pcapng', '-c', '1')
    world.curl('http://10.80.1.1/hello')
    assert process.wait(10) == 0 and len(tshark(path)) == 1
    ring = os.path.join(world.folder, 'ring.pcapng')
    process = world.start('gateway', [program('foilctl'), 'capture', '-w', ring, '--file-size', '4K',
                                      '--files', '2'])

    def newest():
        world.curl('http://10.80.1.1/hello')
        return sorted(f for f in os.listdir(world.folder) if f.startswith('ring-'))[-1:] >= [
            'ring-00004.pcapng']
    until('four files', newest)
    end(process)
    left = sorted(f for f in os.listdir(world.folder) if f.startswith('ring-'))
    assert len(left) == 2 and left[0] > 'ring-00002.pcapng', left
    for name in left:
        assert tshark(os.path.join(world.folder, name))


def test_one_at_a_time_and_mistakes_are_named(world):
    process, _ = begin(world, 'first.pcapng')

    def refused(*words):
        done = world.call('gateway', [program('foilctl'), 'capture', '-w', '/dev/null', *words],
                          check=False)
        assert done.returncode == 1, done
        return done.stderr
    assert 'another capture runs' in refused()
    end(process)
    assert 'no port side' in refused('--on', 'side')
    assert 'address=x' in refused('-a', 'x')
    assert world.call('gateway', [program('foilctl'), 'capture'], check=False).returncode == 64


def test_a_client_that_dies_leaves_nothing(world):
    process, _ = begin(world, 'dead.pcapng')
    process.kill()
    process.wait()
    until('its capture ends', lambda: 'nobody reads it any more' in world.gateway_log(), 15)
    process, path = begin(world, 'after.pcapng', '-c', '1')
    world.curl('http://10.80.1.1/hello')
    assert process.wait(10) == 0 and len(tshark(path)) == 1


if __name__ == '__main__':
    run(globals(), prepare)
