"""One measurement, by its name: measure, print a table, and with --json one line for programs."""
import argparse
import json
import sys
import tempfile

from measure import cpu, idle, p1, p11, p2, stages
from measure.failure import Failure

MEASUREMENTS = {'p1': p1, 'p2': p2, 'p11': p11, 'idle': idle, 'stages': stages}


def read_options(arguments):
    parser = argparse.ArgumentParser(prog='perf/run', description='Measures; perf/README.md says what.')
    parser.add_argument('measurement', choices=sorted(MEASUREMENTS))
    parser.add_argument('--json', action='store_true', help='end with one line of JSON')
    parser.add_argument('--seconds', type=float, default=5, help='how long each side is measured')
    parser.add_argument('--connections', type=int, default=64)
    parser.add_argument('--no-peers', action='store_true', help='leave nginx, HAProxy and Envoy out')
    parser.add_argument('--ports', help='kinds of port to measure, such as af_packet,af_xdp')
    return parser.parse_args(arguments)


def main():
    options = read_options(sys.argv[1:])
    measurement = MEASUREMENTS[options.measurement]
    cpu.raise_priority()
    machine = cpu.machine()
    with tempfile.TemporaryDirectory(prefix='hydrofoil-perf-') as folder:
        try:
            result = measurement.measure(folder, options)
        except Failure as failure:
            sys.exit(f'perf/run {options.measurement}: {failure}')
    measurement.print_table(result)
    if options.json:
        result['json']['conditions'].update(machine)
        print(json.dumps(result['json']))


if __name__ == '__main__':
    main()
