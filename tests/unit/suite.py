"""tests/run unit: every meson test of suite "unit", plain and under the sanitizers."""

import json
import os
import subprocess

from tests.lib.harness import Program, die_with_parent, end_group

HERE = os.path.dirname(os.path.abspath(__file__))
SANITIZERS = {'ASAN_OPTIONS': 'detect_leaks=1:allocator_may_return_null=1',
              'LSAN_OPTIONS': f'print_suppressions=0:suppressions={HERE}/leaks-of-others.txt',
              'UBSAN_OPTIONS': 'print_stacktrace=1'}


def meson_tests(folder, suite):
    told = subprocess.run(['meson', 'introspect', '--tests', folder], check=True, text=True,
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout
    return [t for t in json.loads(told) if any(s.split(':')[-1] == suite for s in t['suite'])]


def install_for(test):
    """What a Python test needs from PyPI, while there is a network; it says itself what it lacks."""
    process = subprocess.Popen(test['cmd'] + ['--install'], stdin=subprocess.DEVNULL,
                               start_new_session=True, preexec_fn=die_with_parent)
    try:
        process.wait()
    finally:
        end_group(process)


def is_script(test):
    return any(word.endswith('.py') for word in test['cmd'])


def programs(build, options):
    if options:
        raise SystemExit(f'tests/run unit: unknown option {options[0]}')
    found = []
    for tree, env, timeout_s in (('plain', {}, 120), ('sanitized', SANITIZERS, 300)):
        for test in meson_tests(build(tree), 'unit'):
            if is_script(test):
                if tree != 'plain':
                    continue  # the compiler makes no difference to it
                install_for(test)
            place = os.path.basename(os.path.dirname(test['cmd'][0]))
            found.append(Program(f'{tree}/{place}/{test["name"]}', test['cmd'], timeout_s,
                                 tap=test['protocol'] == 'tap', env={**test['env'], **env}))
    return found
