"""tests/run sim [--seeds N] [--from S]: worlds from seeds; without --from the seeds are fresh ones.

The second program plants one fault after the other in the code; the worlds have to find each."""

import argparse
import os
import time

from tests.lib.harness import BUILD, TOP, Program

KEPT = os.path.join(TOP, 'tests', 'sim', 'kept_seeds.txt')

FAULT_SEEDS = 2000  # within which every planted fault has to be found


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
    hunter = os.path.join(build('faults'), 'tests', 'sim', 'sim')
    hunt = [hunter, '--every-fault', '--seeds', str(FAULT_SEEDS), '--from', str(first)]
    return [Program('worlds', argv, timeout_s=600 + asked.seeds, alone=True),
            Program('planted_faults', hunt, timeout_s=900, alone=True)]
