"""1 GiB each way with checksums, generated as a stream; and many bodies at once."""

import subprocess
import sys
import time

from tests.e2e.lib.origin import pattern_digest
from tests.e2e.lib.points import limit, run
from tests.e2e.lib.world import start_default

GIB = 1 << 30
SEND = ('import sys; from tests.e2e.lib.origin import pattern\n'
        'for piece in pattern(int(sys.argv[1])): sys.stdout.buffer.write(piece)')


def speed(started, count):
    seconds = time.monotonic() - started
    print(f'# {count >> 20} MiB in {seconds:.1f} s: {count / seconds / 1e6:.0f} MB/s', flush=True)


def download(world, url, count):
    started = time.monotonic()
    done = world.call('client', ['bash', '-c', f'set -o pipefail; curl -sS --fail "{url}" | sha256sum'],
                      limit_s=110)
    assert done.stdout.split()[0] == pattern_digest(count), 'the body is not what was sent'
    speed(started, count)


@limit(120)
def test_gibibyte_down(world):
    download(world, f'http://10.80.1.1/bytes?n={GIB}', GIB)


def upload(world, count, *headers):
    started = time.monotonic()
    with world.inside('client'):
        sender = subprocess.Popen([sys.executable, '-B', '-c', SEND, str(count)],
                                  stdout=subprocess.PIPE)
        done = world.call('client', ['curl', '-sS', '--fail', '-T', '-', *headers,
                                     'http://10.80.1.1/up'], stdin=sender.stdout, limit_s=110)
        sender.stdout.close()
        sender.wait()
    assert f'"length": {count}' in done.stdout, done.stdout
    assert pattern_digest(count) in done.stdout, 'the body is not what was sent'
    speed(started, count)


@limit(120)
def test_gibibyte_up(world):
    upload(world, GIB, '-H', f'Content-Length: {GIB}', '-H', 'Transfer-Encoding:', '-H', 'Expect:')


def test_chunked_up_after_100_continue(world):
    upload(world, 100000000, '-H', 'Expect: 100-continue')


def test_chunked_down_over_v6(world):
    download(world, 'http://[fd80:1::1]/v6/bytes?n=100000000&chunked=1', 100000000)


def test_fifty_bodies_at_once(world):
    count = 2000000
    with world.inside('client'):
        fetches = [subprocess.Popen(['bash', '-c', f'curl -sS --fail "http://10.80.1.1/bytes?n={count}" | sha256sum'],
                                    text=True, stdout=subprocess.PIPE) for _ in range(50)]
    digests = {fetch.communicate(timeout=50)[0].split()[0] for fetch in fetches}
    assert digests == {pattern_digest(count)}


if __name__ == '__main__':
    run(globals(), start_default)
