"""tests/run itself: what counts as a failure, and that nothing is left when it is killed."""

import os
import signal
import subprocess
import sys
import time
import uuid

from tests.e2e.lib.machine import machine, marked
from tests.lib.tap import read_status, read_tap


def counts(text, status=0, late=None):
    result = read_tap(text, status, late)
    return result.passed, result.failed, len(result.skipped)


def test_counts_of_tap():
    assert counts('1..2\nok 1 - a\nok 2 - b\n') == (2, 0, 0)
    assert counts('1..2\nok 1 - a\nnot ok 2 - b\n', 1) == (1, 1, 0)
    assert counts('1..2\nok 1 - a\nok 2 - b # SKIP no device\n') == (1, 0, 1)
    assert counts('1..0 # SKIP no clang\n') == (0, 0, 1)
    assert counts('ok 1 - a\n1..1\n') == (1, 0, 0)


def test_silence_and_breakage_are_failures():
    assert counts('') == (0, 1, 0)
    assert counts('1..3\nok 1 - a\n') == (1, 1, 0), 'fewer tests than planned'
    assert counts('1..1\nok 1 - a\n', -11) == (1, 1, 0), 'a crash after the last test'
    assert counts('1..2\nok 1 - a\n', -9, late=5) == (1, 1, 0), 'a program that ran too long'
    assert counts('1..1\nBail out! no world\n', 1) == (0, 1, 0)
    assert read_status('x', 0).passed == 1 and read_status('x', -6).failed == 1


def start(*words):
    mark = f'HARNESS_TEST={uuid.uuid4()}'
    name, value = mark.split('=')
    process = subprocess.Popen([sys.executable, '-B', '-m', 'tests.lib.harness', *words],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.STDOUT, env={**os.environ, name: value},
                               start_new_session=True)
    return mark, process


def test_unknown_suite_is_an_error():
    _, process = start('no_such_suite')
    text, _ = process.communicate(timeout=20)
    assert process.returncode == 1 and 'there is no suite no_such_suite' in text


def test_nothing_that_ran_is_an_error():
    _, process = start('tidy', '--only', 'no_such_program')
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 1, text
    assert text.splitlines()[-1] == '0 passed, 0 failed, 0 skipped', text


def killed(number):
    before = machine()
    mark, process = start('e2e', '--only', 'curl')
    end = time.monotonic() + 60
    while not any('tests.e2e.test_curl' in line for line in marked(mark)):
        assert process.poll() is None and time.monotonic() < end, 'test_curl never ran'
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(number)
    process.wait(20)
    end = time.monotonic() + 10
    while marked(mark) and time.monotonic() < end:
        time.sleep(0.05)
    assert not marked(mark), marked(mark)
    assert not machine() - before, machine() - before


def test_nothing_is_left_when_it_is_interrupted():
    killed(signal.SIGINT)
    killed(signal.SIGTERM)


def test_nothing_is_left_when_it_is_killed():
    killed(signal.SIGKILL)


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith('test_')]
    print(f'1..{len(tests)}', flush=True)
    failed = False
    for number, (name, function) in enumerate(tests, 1):
        try:
            function()
            print(f'ok {number} - {name}', flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed = True
            print(f'not ok {number} - {name}')
            print('# ' + repr(error), flush=True)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
