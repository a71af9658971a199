"""tests/run sim [--seeds N] [--from S]: worlds from seeds; without --from the seeds are fresh ones."""

import argparse
import os
import time

from tests.lib.harness import BUILD, TOP, Program

KEPT = os.path.join(TOP, 'tests', 'sim', 'kept_seeds.txt')


def parse(options):
    parser = argparse.ArgumentParser(prog='tests/run sim')
    parser.add_argument('--seeds', type=int, default=2000)
    parser.add_argument('--from', type=int, dest='first', default=None)
    return parser.parse_args(options)


def programs(build, options):
    asked = parse(options)
    first = asked.first if asked.first is not None else int(time.time()) * 1000
    program = os.path.join(build('plain'), 'tests', 'sim', 'sim')
    findings = os.path.join(BUILD, 'sim-failed-seeds.txt')
    argv = [program, '--seeds', str(asked.seeds), '--from', str(first),
            '--seed-file', KEPT, '--keep', findings]
    return [Program('worlds', argv, timeout_s=600 + asked.seeds)]
