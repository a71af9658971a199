"""Runs the test functions of one file in one world and prints TAP.

    run(globals(), config=...)      calls every test_*(world) in the order in which they stand

A test fails by an exception (assert, a timeout of its limit); then follows what each program that
the world started has printed last, and whether it still runs.
"""

import signal
import sys
import traceback

from tests.e2e.lib.world import World

LIMIT_S = 60
LOG_LINES_SHOWN = 30


class Skip(Exception):
    """Raised with a reason where this machine can't run a test."""


class TooSlow(Exception):
    pass


def ring(signum, frame):
    raise TooSlow('the test ran into its limit')


def diagnose(world, error):
    for line in ''.join(traceback.format_exception(error)).splitlines():
        print(f'# {line}')
    for name, lines in world.logs() if world else ():
        print(f'# ---- {name}')
        for line in lines[-LOG_LINES_SHOWN:]:
            print(f'# | {line}')


def run_one(number, name, function, world):
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(getattr(function, 'limit_s', LIMIT_S))
    try:
        function(world)
        print(f'ok {number} - {name}', flush=True)
        return True
    except Skip as why:
        print(f'ok {number} - {name} # SKIP {why}', flush=True)
        return True
    except Exception as error:  # pylint: disable=broad-except
        signal.alarm(0)
        print(f'not ok {number} - {name}')
        diagnose(world, error)
        sys.stdout.flush()
        return False
    finally:
        signal.alarm(0)


def limit(seconds):
    def mark(function):
        function.limit_s = seconds
        return function
    return mark


def run(names, prepare=None):
    """names: the file's globals(); prepare(world): what all its tests need, before the first."""
    tests = [(n, f) for n, f in names.items() if n.startswith('test_') and callable(f)]
    print(f'1..{len(tests)}', flush=True)
    world = World()
    good = True
    try:
        if prepare:
            signal.signal(signal.SIGALRM, ring)
            signal.alarm(LIMIT_S)
            prepare(world)
            signal.alarm(0)
        for number, (name, function) in enumerate(tests, 1):
            good &= run_one(number, name, function, world)
    except Exception as error:  # pylint: disable=broad-except
        signal.alarm(0)
        print('Bail out! the world could not be set up')
        diagnose(world, error)
        good = False
    finally:
        world.close()
    sys.exit(0 if good else 1)
