"""SIGTERM under load: no request fails, the process ends with 0 within its drain time."""

import signal
import subprocess
import time

from tests.e2e.lib import config
from tests.e2e.lib.points import run
from tests.e2e.lib.world import until


def prepare(world):
    world.origin()


def load(world, path, seconds):
    with world.inside('client'):
        return subprocess.Popen(['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.steady', '10.80.1.1',
                                 '80', path, '20', str(seconds)], text=True, stdout=subprocess.PIPE)


def drained(world, path):
    world.start_gateway(config.default(world), '--drain-time-s', '10')
    clients = load(world, path, 8)
    time.sleep(2)
    assert clients.poll() is None
    world.gateway.send_signal(signal.SIGTERM)
    told, _ = clients.communicate(timeout=40)
    assert world.gateway.wait(20) == 0, 'exit status after a drain'
    good, failed = int(told.split()[1]), int(told.split()[3])
    assert good > 20 and failed == 0, told


def test_no_request_fails(world):
    drained(world, '/')


def test_slow_answers_are_finished(world):
    drained(world, '/slow?s=0.5')


def test_idle_gateway_ends_at_once(world):
    world.start_gateway(config.default(world), '--drain-time-s', '10')
    started = time.monotonic()
    assert world.stop_gateway() == 0
    assert time.monotonic() - started < 5


def test_drain_is_bounded(world):
    world.start_gateway(config.default(world), '--drain-time-s', '2')
    with world.connect(timeout_s=30) as sock:
        sock.sendall(b'GET /slow?s=25 HTTP/1.1\r\nHost: x\r\n\r\n')
        time.sleep(0.5)
        assert world.stop_gateway(limit_s=10) == 0


def test_quitquitquit_drains_too(world):
    world.start_gateway(config.default(world), '--drain-time-s', '2')
    assert world.admin('/quitquitquit', 'POST')[0] == 200
    until('the process ends', lambda: world.gateway.poll() is not None, 10)
    assert world.gateway.returncode == 0


if __name__ == '__main__':
    run(globals(), prepare)
