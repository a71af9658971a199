"""Build trees: one meson folder a purpose, under build/.

    plain      gcc, -O2, what users run; unit tests, e2e and quickstart share it
    sanitized  clang with AddressSanitizer, UndefinedBehaviorSanitizer and the fuzzers
    faults     gcc with the simulator's planted faults
"""

import os
import shutil
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TREES = {
    'plain': ('gcc', []),
    'sanitized': ('clang', ['-Dsanitize=true', '-Dfuzzers=true', '-Db_lundef=false']),
    'faults': ('gcc', ['-Dplanted_faults=true']),
}
ERROR_LINES_SHOWN = 60
built = set()


class BuildFailed(Exception):
    pass


def build_tree(tree):
    """Configures once, builds what changed, returns the folder."""
    folder = os.path.join(TOP, 'build', tree)
    if tree in built:
        return folder
    compiler, options = TREES[tree]
    env = dict(os.environ, CC=f'ccache {compiler}' if shutil.which('ccache') else compiler)
    if not os.path.exists(os.path.join(folder, 'build.ninja')):
        shutil.rmtree(folder, ignore_errors=True)
        run(['meson', 'setup', folder, TOP] + options, env)
    run(['ninja', '-C', folder], env)
    built.add(tree)
    return folder


def run(argv, env):
    done = subprocess.run(argv, cwd=TOP, env=env, stdin=subprocess.DEVNULL, text=True,
                          errors='replace', stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode:
        raise BuildFailed(f'{" ".join(argv)} failed\n{what_went_wrong(done.stdout)}')


def what_went_wrong(output):
    lines = output.splitlines()
    first = next((i for i, line in enumerate(lines) if line.startswith('FAILED:')),
                 max(0, len(lines) - ERROR_LINES_SHOWN))
    return '\n'.join(lines[first:first + ERROR_LINES_SHOWN])
