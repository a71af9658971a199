"""perf/run: finds the measurement by its name, builds what it needs and prints what it found."""
import argparse
import json
import subprocess
import sys

from measure import p1, stages

MEASUREMENTS = {'p1': p1, 'stages': stages}
BUILD = 'build/release'
PROGRAMS = ['dataplane/hydrofoil', 'dataplane/foilctl/foilctl', 'perf/foil-load', 'perf/worker-bench']


def build():
    """A release build of its own; returns {program: path}."""
    meson = ['meson', 'setup', BUILD, '--buildtype=release', '-Ddebug=true']
    subprocess.run(meson if not _configured() else ['true'], check=True, stdout=sys.stderr)
    subprocess.run(['ninja', '-C', BUILD, *PROGRAMS], check=True, stdout=sys.stderr)
    return {program.split('/')[-1]: f'{BUILD}/{program}' for program in PROGRAMS}


def _configured():
    try:
        with open(f'{BUILD}/build.ninja'):
            return True
    except FileNotFoundError:
        return False


def main():
    parser = argparse.ArgumentParser(prog='perf/run', description=__doc__)
    parser.add_argument('measurement', choices=sorted(MEASUREMENTS))
    parser.add_argument('--json', action='store_true', help='end with one line of JSON')
    parser.add_argument('--seconds', type=float, default=5, help='how long each side is measured')
    parser.add_argument('--connections', type=int, default=64)
    parser.add_argument('--no-peers', action='store_true', help='leave nginx and HAProxy out')
    options = parser.parse_args()
    measurement = MEASUREMENTS[options.measurement]
    result = measurement.measure(build(), options)
    measurement.print_table(result)
    if options.json:
        print(json.dumps(result['json']))


if __name__ == '__main__':
    main()
