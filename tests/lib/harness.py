"""Builds, runs suites of test programs, and adds up what they print.

A suite is tests/<name>/suite.py with one function:

    def programs(build, options):
        '''build(tree) makes a build tree and returns its path; options: the suite's own words.'''
        return [Program(name, argv, timeout_s), ...]

Every program runs in a sandbox of its own namespaces (deploy/sandbox), so that it leaves nothing
behind however it ends: when this process dies, even by SIGKILL, the kernel ends all of them.
"""

import ctypes
import fnmatch
import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

from tests.lib import tap
from tests.lib.trees import BuildFailed, build_tree

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, 'build')
ORDER = ['tidy', 'unit', 'fuzz', 'sim', 'e2e', 'interop', 'soak']
SCRATCH = os.path.join(BUILD, 'scratch')  # a folder a run, named by its process
LOG_LINES_SHOWN = 120
PR_SET_PDEATHSIG = 1
SIGKILL = 9


@dataclass
class Program:
    name: str
    argv: list
    timeout_s: int = 120
    tap: bool = True        # False: one test, passed when it exits 0
    sandbox: bool = True    # False: sees the machine as it is (and cleans up by itself)
    alone: bool = False     # True: no other program runs meanwhile
    env: dict = field(default_factory=dict)


@dataclass
class Running:
    program: Program
    process: subprocess.Popen
    log_path: str
    started: float


class Stopped(Exception):
    pass


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)


def scratch_of(suite, program):
    return os.path.join(SCRATCH, str(os.getpid()), suite, program.name.replace('/', '.'))


def remove_scratch_of_the_dead():
    for name in os.listdir(SCRATCH) if os.path.isdir(SCRATCH) else []:
        if not os.path.exists(f'/proc/{name}'):
            shutil.rmtree(os.path.join(SCRATCH, name), ignore_errors=True)


def start(suite, program):
    log_path = os.path.join(BUILD, 'logs', suite, program.name.replace('/', '.') + '.log')
    os.makedirs(os.path.dirname(log_path), exist_ok=True)
    os.makedirs(scratch_of(suite, program))
    argv = list(program.argv)
    if program.sandbox and os.geteuid() == 0:
        argv = [os.path.join(TOP, 'deploy/sandbox')] + argv
    env = dict(os.environ, TMPDIR=scratch_of(suite, program), PYTHONDONTWRITEBYTECODE='1', **program.env)
    with open(log_path, 'wb') as log:
        process = subprocess.Popen(argv, cwd=TOP, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   preexec_fn=die_with_parent)
    return Running(program, process, log_path, time.monotonic())


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def finish(suite, running, timed_out):
    end_group(running.process)
    program = running.program
    shutil.rmtree(scratch_of(suite, program), ignore_errors=True)
    with open(running.log_path, encoding='utf-8', errors='replace') as log:
        text = log.read()
    limit = program.timeout_s if timed_out else None
    status = running.process.returncode
    if program.tap:
        result = tap.read_tap(text, status, limit)
    else:
        result = tap.read_status(program.name, status, limit)
    report(suite, program.name, result, text, time.monotonic() - running.started)
    return result


def report(suite, name, result, text, seconds):
    mark = 'FAIL' if result.failed else ' ok '
    counts = f'{result.passed} passed'
    if result.failed:
        counts += f', {result.failed} failed'
    if result.skipped:
        counts += f', {len(result.skipped)} skipped'
    print(f'{mark} {suite}/{name:<34} {counts}  ({seconds:.1f} s)')
    for reason in result.skipped:
        print(f'       skipped: {reason}')
    if not result.failed:
        return
    lines = text.splitlines()
    print(f'  ---- output of {suite}/{name}, last {min(len(lines), LOG_LINES_SHOWN)} lines')
    for line in lines[-LOG_LINES_SHOWN:]:
        print('  | ' + line)
    for why in result.complaints:
        print(f'  ---- {why}')


def run_programs(suite, programs):
    jobs = os.cpu_count() or 1
    waiting, active, results = list(programs), [], []
    try:
        while waiting or active:
            while waiting and may_start(waiting[0], active, jobs):
                active.append(start(suite, waiting.pop(0)))
            time.sleep(0.02)
            for running in list(active):
                late = time.monotonic() - running.started > running.program.timeout_s
                if running.process.poll() is not None or late:
                    active.remove(running)
                    results.append(finish(suite, running, running.process.returncode is None))
    finally:
        for running in active:
            end_group(running.process)
    return results


def may_start(program, active, jobs):
    if program.alone or any(running.program.alone for running in active):
        return not active
    return len(active) < jobs


def known_suites():
    folder = os.path.join(TOP, 'tests')
    found = [name for name in sorted(os.listdir(folder))
             if os.path.exists(os.path.join(folder, name, 'suite.py'))]
    return [name for name in ORDER if name in found] + [n for n in found if n not in ORDER]


def run_suite(suite, options, only, list_only):
    started = time.monotonic()
    print(f'== {suite}', flush=True)
    try:
        module = importlib.import_module(f'tests.{suite}.suite')
        programs = module.programs(build_tree, options)
    except BuildFailed as failure:
        print(f'FAIL {suite}: {failure}')
        return [tap.Result(failed=1)]
    if only:
        programs = [p for p in programs if fnmatch.fnmatch(p.name, only)]
    if list_only:
        for program in programs:
            print('   ', program.name)
        return []
    results = run_programs(suite, programs)
    print(f'== {suite}: {time.monotonic() - started:.0f} s', flush=True)
    return results


def parse(words):
    suites, options, only, list_only = [], [], None, False
    words = list(words)
    while words and not words[0].startswith('-'):
        suites.append(words.pop(0))
    while words:
        word = words.pop(0)
        if word == '--only':
            if not words:
                sys.exit('tests/run: --only needs a pattern')
            only = words.pop(0)
        elif word == '--list':
            list_only = True
        elif word in ('-h', '--help'):
            print(f'tests/run [{" | ".join(known_suites())}] [--only PATTERN] [--list] [options]')
            sys.exit(0)
        else:
            options.append(word)
    if options and len(suites) != 1:
        sys.exit(f'tests/run: name the one suite that {options[0]} is for')
    return suites, options, only, list_only


def stop(signum, frame):
    raise Stopped(signal.Signals(signum).name)


def main():
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    suites, options, only, list_only = parse(sys.argv[1:])
    remove_scratch_of_the_dead()
    known = known_suites()
    for suite in suites:
        if suite not in known:
            sys.exit(f'tests/run: there is no suite {suite}; there are: {", ".join(known)}')
    results, stopped = [], None
    try:
        for suite in suites or known:
            results += run_suite(suite, options, only, list_only)
    except Stopped as why:
        stopped = why
        print(f'stopped by {why}')
    finally:
        shutil.rmtree(os.path.join(SCRATCH, str(os.getpid())), ignore_errors=True)
    passed = sum(r.passed for r in results)
    failed = sum(r.failed for r in results)
    skipped = sum(len(r.skipped) for r in results)
    if not list_only:
        print(f'{passed} passed, {failed} failed, {skipped} skipped')
    if stopped:
        sys.exit(130)
    sys.exit(0 if list_only or (passed and not failed) else 1)


if __name__ == '__main__':
    main()
