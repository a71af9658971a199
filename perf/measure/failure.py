"""Why nothing could be measured, with the end of what the culprit wrote."""
import os


class Failure(Exception):
    def __init__(self, what, *logs):
        super().__init__('\n'.join([what, *(tail(path) for path in logs)]))


def tail(path, lines=8):
    if not os.path.exists(path):
        return f'  {path}: never written'
    with open(path, encoding='utf-8', errors='replace') as log:
        last = log.read().splitlines()[-lines:]
    return '\n'.join([f'  last lines of {os.path.basename(path)}:', *(f'  | {line}' for line in last)])
