"""Rule: every header compiles alone and twice.  Answers are kept by content under build/tidy."""

import concurrent.futures
import functools
import hashlib
import os
import subprocess


@functools.lru_cache(maxsize=None)
def compiler_flags():
    modules = ['libdpdk', 'cunit', 'libprotobuf-c', 'yaml-0.1', 'jansson', 'libnghttp2', 'libpcre2-8',
               'libcares', 'libmicrohttpd']
    flags = subprocess.run(['pkg-config', '--cflags'] + modules, text=True, check=True,
                           stdout=subprocess.PIPE).stdout.split()
    flags = ['-isystem' + f[2:] if f.startswith('-I') else f for f in flags]
    return ['-x', 'c', '-std=gnu11', '-fsyntax-only', '-march=x86-64-v3', '-D_GNU_SOURCE',
            '-DALLOW_EXPERIMENTAL_API', '-DPCRE2_CODE_UNIT_WIDTH=8', '-Wall', '-Wextra', '-Werror',
            '-Wno-unused-parameter', '-Wno-deprecated-declarations'] + flags


def closure(tree, generated, header, seen):
    """The header and all of ours that it includes."""
    for _, _, name in tree.includes(header):
        if name in tree.known and name not in seen:
            seen.add(name)
            closure(tree, generated, name, seen)
        elif generated and os.path.exists(os.path.join(generated, name)):
            seen.add(name)
    return seen


def fingerprint(tree, generated, header):
    digest = hashlib.sha256(' '.join(compiler_flags()).encode())
    for name in sorted(closure(tree, generated, header, {header})):
        path = tree.path(name) if name in tree.known else os.path.join(generated, name)
        with open(path, 'rb') as f:
            digest.update(name.encode() + b'\0' + f.read() + b'\0')
    return digest.hexdigest()


def compile_alone(tree, generated, cache, header):
    kept = os.path.join(cache, fingerprint(tree, generated, header))
    if os.path.exists(kept):
        return None
    source = f'#include "{header}"\n#include "{header}"\ntypedef int not_empty;\n'
    include = ['-I', tree.root]
    if generated:  # protos.h, by xds/meson.build
        include += ['-I', generated, '-isystem', os.path.join(generated, 'xds')]
    done = subprocess.run(['gcc'] + compiler_flags() + include + ['-'], input=source, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode == 0:
        with open(kept, 'w', encoding='utf-8') as f:
            f.write(header + '\n')
        return None
    errors = [line for line in done.stdout.splitlines() if 'error' in line]
    return f'{header}: does not compile alone: {(errors or [done.stdout])[0]}'


def rule_headers_stand_alone(tree, generated, cache):
    os.makedirs(cache, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(lambda h: compile_alone(tree, generated, cache, h), tree.of('.h'))
        return [answer for answer in answers if answer]
