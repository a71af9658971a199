"""perf/run: builds what a measurement needs, then runs it in namespaces of its own.

The measurement itself is another process (measure.inside), in a session of its own, so that the
scheduler's group that it raises in priority is not the caller's; in a sandbox where we are root, so
that nobody else's ports, links or processes are in its way and none of its own stay."""
import ctypes
import os
import signal
import subprocess
import sys

from measure import inside, napi
from tests.lib import envoy

BUILD = 'build/perf'
# Across files the compiler finds a tenth of the instructions that are not needed.
RELEASE = ['--buildtype=release', '-Db_lto=true', '-Ddebug=true']
PROGRAMS = ['dataplane/hydrofoil', 'dataplane/foilctl/foilctl', 'perf/foil-load', 'perf/worker-bench']
PR_SET_PDEATHSIG = 1


def build():
    if not os.path.exists(f'{BUILD}/build.ninja'):
        subprocess.run(['meson', 'setup', BUILD, *RELEASE], check=True, stdout=sys.stderr)
    subprocess.run(['ninja', '-C', BUILD, *PROGRAMS], check=True, stdout=sys.stderr)


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main():
    options = inside.read_options(sys.argv[1:])
    try:
        build()
    except subprocess.CalledProcessError as error:
        raise SystemExit(f'perf/run: not built: {error}') from None
    if options.measurement == 'p2' and not options.no_peers:
        envoy.install()
    sandbox = ['deploy/sandbox'] if os.geteuid() == 0 else []
    command = [*sandbox, sys.executable, '-B', '-m', 'measure.inside', *sys.argv[1:]]
    watch = napi.Watch()
    process = subprocess.Popen(command, start_new_session=True, preexec_fn=die_with_parent,
                               pass_fds=[watch.inside.fileno()],
                               env=dict(os.environ, **{'HYDROFOIL_BUILD': BUILD, napi.FD: str(watch.inside.fileno())}))
    try:
        sys.exit(process.wait())
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        sys.exit(130)


if __name__ == '__main__':
    main()
