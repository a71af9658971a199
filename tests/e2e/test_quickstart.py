"""deploy/quickstart: --once proves itself, and nothing is left behind however it ends.

Runs outside of a sandbox, because it compares the machine before and after.  Processes are found
by a mark in their environment; the rest by comparing listings.
"""

import os
import signal
import subprocess
import sys
import time
import uuid

from tests.e2e.lib.machine import machine, marked, read

QUICKSTART = 'deploy/quickstart'
LIMIT_S = 90


class Quickstart:
    def __init__(self, *words):
        self.before = machine()
        self.mark = f'QUICKSTART_TEST={uuid.uuid4()}'
        name, value = self.mark.split('=')
        self.log = os.path.join(os.environ.get('TMPDIR', '/tmp'), 'quickstart.log')
        with open(self.log, 'wb') as sink:
            self.process = subprocess.Popen([QUICKSTART, *words], stdin=subprocess.DEVNULL,
                                            stdout=sink, stderr=subprocess.STDOUT,
                                            env={**os.environ, name: value}, start_new_session=True)

    def output(self):
        return read(self.log)

    def wait_for(self, text):
        end = time.monotonic() + LIMIT_S
        while text not in self.output():
            assert self.process.poll() is None, f'it ended:\n{self.output()}'
            assert time.monotonic() < end, f'never said "{text}":\n{self.output()}'
            time.sleep(0.02)

    def ended(self):
        status = self.process.wait(LIMIT_S)
        end = time.monotonic() + 10
        while marked(self.mark) and time.monotonic() < end:
            time.sleep(0.05)
        assert not marked(self.mark), f'processes left: {marked(self.mark)}'
        left = machine() - self.before
        assert not left, f'left behind: {left}'
        return status

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def test_once_is_all_right(started):
    run = started('--once')
    status = run.ended()
    print('# ' + run.output().replace('\n', '\n# '))
    assert status == 0
    assert 'BAD' not in run.output() and run.output().count('  ok  ') >= 13


def test_stays_and_lets_the_user_try(started):
    run = started()
    run.wait_for('Ctrl-C takes everything down')
    done = subprocess.run([QUICKSTART, 'exec', 'client', 'curl', '-sS', 'http://10.80.1.1/site/'],
                          text=True, stdout=subprocess.PIPE, timeout=20, check=False)
    assert done.stdout == 'hello from nginx, through the gateway\n', done.stdout
    second = subprocess.run([QUICKSTART], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False)
    assert second.returncode == 1 and 'already running' in second.stdout, second.stdout
    os.killpg(run.process.pid, signal.SIGINT)  # what Ctrl-C in a terminal does
    assert run.ended() == 130


def killed(started, number, moment_s, *words):
    run = started(*words)
    time.sleep(moment_s)
    run.process.send_signal(number)
    assert run.ended() != 0


def test_killed_at_many_moments(started):
    for moment_s in (0.05, 0.3, 0.6, 0.9, 1.3, 1.8, 2.5):
        for number in (signal.SIGTERM, signal.SIGKILL):
            killed(started, number, moment_s)


def test_ctrl_c_in_the_middle_of_requests(started):
    run = started('--once')
    run.wait_for('GET over IPv4')
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.ended() == 130


def test_gateway_that_crashes_ends_it_with_an_error(started):
    run = started()
    run.wait_for('Ctrl-C takes everything down')
    subprocess.run([QUICKSTART, 'exec', 'gateway', 'pkill', '-KILL', '-x', 'hydrofoil'], timeout=20,
                   check=False)
    assert run.ended() == 1


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith('test_')]
    print(f'1..{len(tests)}', flush=True)
    failed = False
    for number, (name, function) in enumerate(tests, 1):
        runs = []

        def started(*words, runs=runs):
            runs.append(Quickstart(*words))
            return runs[-1]
        try:
            function(started)
            print(f'ok {number} - {name}', flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed = True
            print(f'not ok {number} - {name}')
            print('# ' + str(error).replace('\n', '\n# '), flush=True)
        finally:
            for run in runs:
                run.kill()
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
