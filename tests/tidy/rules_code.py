"""Rules about C: who includes whom, sizes, calls that are not made here, allocation."""

import re

from tests.tidy.tree import line_of

FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 80

# DESIGN.md, "Who may include whom": folder -> folders it may include from, libraries it may use.
# The longest matching folder counts; perf and tests may include anything.
BASE = ['stack/base/']
GATEWAY_COMPILERS = ['gateway/config/', 'gateway/route/', 'gateway/log/', 'gateway/filters/',
                     'gateway/stats/']
DIRECTIONS = {
    'stack/base/': (BASE, ['rte_']),
    'stack/': (['stack/'], ['rte_']),
    'tls/': (BASE + ['tls/'], ['rte_', 'openssl/', 'intel-ipsec-mb.h']),
    'gateway/': (BASE + ['gateway/'], ['rte_', 'nghttp2/', 'pcre2.h']),
    'xds/': (BASE + ['xds/'] + GATEWAY_COMPILERS,
             ['protobuf-c/', 'nghttp2/', 'openssl/', 'yaml.h', 'jansson.h', 'uv.h', 'curl/']),
    'dataplane/': (['stack/', 'tls/', 'gateway/', 'xds/', 'dataplane/'], None),
}
LIBRARIES = re.compile(r'^(rte_|nghttp2/|pcre2\.h|protobuf-c/|openssl/|intel-ipsec-mb\.h|yaml\.h|'
                       r'jansson\.h|uv\.h|curl/|ares|microhttpd\.h|CUnit/)')

UNBOUNDED = ['strcpy', 'strcat', 'sprintf', 'vsprintf', 'gets', 'strtok', 'alloca', 'tmpnam',
             'mktemp', 'system', 'popen', 'stpcpy', 'strncat', 'strncpy']
UNCHECKED = ['atoi', 'atol', 'atoll', 'atof']  # errors cannot be seen; tests and perf may
CLOCKS = ['clock_gettime', 'gettimeofday', 'time', 'clock', 'rte_rdtsc', 'rte_rdtsc_precise',
          'rte_get_tsc_cycles', 'rte_get_timer_cycles', '__rdtsc', '__builtin_ia32_rdtsc']
CHANCE = ['rand', 'srand', 'random', 'srandom', 'drand48', 'getrandom', 'getentropy', 'rte_rand',
          'arc4random', 'rte_rand_max']
CLOCK_FILE = 'dataplane/clock.c'
ALLOCATORS = ['malloc', 'calloc', 'realloc', 'free', 'strdup', 'strndup', 'reallocarray',
              'aligned_alloc', 'posix_memalign', 'rte_malloc', 'rte_zmalloc', 'rte_calloc',
              'rte_free', 'asprintf', 'vasprintf', 'open_memstream']
PRODUCT = ('dataplane/', 'stack/', 'tls/', 'gateway/', 'xds/')


def calls(code, names):
    """(line, name) of every call of one of names; members and declarations of others don't count."""
    pattern = re.compile(r'(?<![\w.>])(' + '|'.join(map(re.escape, names)) + r')\s*\(')
    return [(line_of(code, m.start()), m.group(1)) for m in pattern.finditer(code)]


def rule_include_directions(tree):
    for file in tree.of('.c', '.h', '.def'):
        folder = max((f for f in DIRECTIONS if file.startswith(f)), key=len, default=None)
        if not folder:
            continue
        folders, libraries = DIRECTIONS[folder]
        for line, bracket, name in tree.includes(file):
            if bracket == '"' and not any(name.startswith(f) for f in folders):
                yield f'{file}:{line}: {folder} may not include "{name}"'
            elif bracket == '<' and LIBRARIES.match(name) and libraries is not None and \
                    not any(name.startswith(l) for l in libraries):
                yield f'{file}:{line}: {folder} may not use <{name}>'


def rule_file_size(tree):
    for file in tree.of('.c', '.h'):
        lines = tree.text(file).count('\n')
        if lines > FILE_LINES_MAX:
            yield f'{file}: {lines} lines; at most {FILE_LINES_MAX}'


def rule_function_size(tree):
    for file in tree.of('.c', '.h'):
        start = None
        for number, line in enumerate(tree.code(file).split('\n'), 1):
            if line.rstrip() == '{':
                start = number
            elif line.startswith('}') and start:
                if number - start - 1 > FUNCTION_LINES_MAX:
                    yield (f'{file}:{start}: function of {number - start - 1} lines; '
                           f'at most {FUNCTION_LINES_MAX}')
                start = None


def rule_unbounded_calls(tree):
    for file in tree.of('.c', '.h'):
        names = UNBOUNDED + (UNCHECKED if file.startswith(PRODUCT) else [])
        for line, name in calls(tree.code(file), names):
            yield f'{file}:{line}: {name}() is not used here'


def rule_time_and_chance(tree):
    for file in tree.of('.c', '.h'):
        if file.startswith(PRODUCT) and file != CLOCK_FILE:
            for line, name in calls(tree.code(file), CLOCKS + CHANCE):
                yield f'{file}:{line}: {name}(): time and chance are arguments; only {CLOCK_FILE} asks'


def allowed_to_allocate(tree):
    name = 'tests/tidy/may-allocate.txt'
    if name not in tree.known:
        return []
    lines = (line.split('#')[0].strip() for line in tree.text(name).splitlines())
    return [line for line in lines if line]


def rule_allocation(tree):
    allowed = allowed_to_allocate(tree)
    used = set()
    for file in tree.of('.c', '.h'):
        if not file.startswith(PRODUCT):
            continue
        entry = next((a for a in allowed if file == a or (a.endswith('/') and file.startswith(a))),
                     None)
        found = calls(tree.code(file), ALLOCATORS)
        if found and entry:
            used.add(entry)
            continue
        for line, name in found:
            yield f'{file}:{line}: {name}() outside of the files in tests/tidy/may-allocate.txt'
    for entry in allowed:
        if entry not in used and not entry.endswith('/'):
            yield f'tests/tidy/may-allocate.txt: {entry} allocates nothing (any more)'
