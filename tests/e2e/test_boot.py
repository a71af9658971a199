"""--mode validate names all faults; what is not to be had ends with 1 and a cure."""

import copy
import json
import os
import subprocess

from tests.e2e.lib import config
from tests.e2e.lib.points import run
from tests.e2e.lib.world import program, until

BAD = '''\
node: {id: x}
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}
static_resources:
  clusters:
  - name: one
    conect_timeout: 1s
  - name: two
    type: STATIK
    connect_timeout: soon
  - name: three
    connect_timeout: 1s
    lb_policy: 12
    no_such_field: {deep: 1}
'''


def write(world, name, text):
    path = os.path.join(world.folder, name)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    return path


def hydrofoil(world, *words, limit_s=20):
    done = world.call('gateway', [program('hydrofoil'), *words], check=False, limit_s=limit_s)
    return done.returncode, done.stdout + done.stderr


def start_with(world, change):
    bootstrap = copy.deepcopy(config.default(world))
    change(bootstrap)
    return hydrofoil(world, '-c', write(world, 'b.json', json.dumps(bootstrap)))


def test_good_file_validates(world):
    path = write(world, 'good.json', json.dumps(config.default(world)))
    status, text = hydrofoil(world, '--mode', 'validate', '-c', path)
    assert status == 0, text


def test_bad_file_lists_every_fault_with_its_place(world):
    path = write(world, 'bad.yaml', BAD)
    status, text = hydrofoil(world, '--mode', 'validate', '-c', path)
    assert status == 1, text
    for place, word in (('6', 'conect_timeout'), ('8', 'type'), ('9', 'soon'), ('12', 'lb_policy'),
                        ('13', 'no_such_field')):
        assert any(f'bad.yaml:{place}:' in line and word in line for line in text.splitlines()), \
            f'{word} in line {place} is not named:\n{text}'


def test_broken_yaml_is_named(world):
    status, text = hydrofoil(world, '--mode', 'validate', '-c', write(world, 'b.yaml', 'a: [1, 2\nb: {'))
    assert status == 1 and 'b.yaml:' in text, text


def test_file_that_is_not_there(world):
    status, text = hydrofoil(world, '-c', '/nowhere.yaml')
    assert status == 1 and '/nowhere.yaml' in text, text


def test_device_that_is_not_there(world):
    def change(bootstrap):
        bootstrap['hydrofoil']['ports'][0]['af_packet']['interface'] = 'nope0'
    status, text = start_with(world, change)
    assert status == 1 and 'nope0' in text, text


def test_listener_address_that_no_port_owns(world):
    def change(bootstrap):
        listener = bootstrap['static_resources']['listeners'][0]
        listener['address']['socket_address']['address'] = '192.0.2.1'
    status, text = start_with(world, change)
    assert status == 1 and '192.0.2.1' in text, text


def test_address_that_is_none(world):
    def change(bootstrap):
        bootstrap['hydrofoil']['ports'][0]['addresses'] = ['10.80.1.300/24']
    status, text = start_with(world, change)
    assert status == 1 and '10.80.1.300' in text, text


def test_address_of_two_ports(world):
    def change(bootstrap):
        bootstrap['hydrofoil']['ports'][1]['addresses'] = ['10.80.1.1/24']
    status, text = start_with(world, change)
    assert status == 1 and '10.80.1.1' in text and 'its own' in text, text


def test_interface_of_two_ports(world):
    def change(bootstrap):
        bootstrap['hydrofoil']['ports'][1]['af_packet']['interface'] = 'g0'
    status, text = start_with(world, change)
    assert status == 1 and 'same interface g0' in text, text


def test_memory_that_is_too_small(world):
    def change(bootstrap):
        bootstrap['hydrofoil']['memory'] = {'mib': 1}
    status, text = start_with(world, change)
    assert status == 1 and 'memory' in text and 'or more' in text, text


def test_access_log_that_cannot_be_opened(world):
    path = '/no/such/folder/access.log'

    def change(bootstrap):
        manager = bootstrap['static_resources']['listeners'][0]['filter_chains'][0]['filters'][0]
        manager['typed_config']['access_log'][0]['typed_config']['path'] = path
    status, text = start_with(world, change)
    assert status == 1 and path in text and 'No such file' in text, text


def test_user_without_rights(world):
    path = write(world, 'nobody.json', json.dumps(config.default(world)))
    os.chmod(world.folder, 0o755)
    done = world.call('gateway', ['setpriv', '--reuid', 65534, '--regid', 65534, '--clear-groups',
                                  '--inh-caps=-all', '--bounding-set=-all', program('hydrofoil'),
                                  '-c', path], check=False, limit_s=20)
    text = done.stdout + done.stderr
    assert done.returncode == 1 and 'CAP_NET_RAW' in text, text


def test_second_gateway_of_the_same_name(world):
    world.start_gateway(config.default(world))
    try:
        status, text = start_with(world, lambda bootstrap: None)
        assert status == 1 and '/dev/shm/hydrofoil' in text, text
        # With counters of its own it gets as far as the admin address.
        status, text = start_with(world, lambda bootstrap: bootstrap['hydrofoil'].update(
            stats={'name': 'second'}))
        assert status == 1 and '127.0.0.1:9901' in text, text
        assert world.admin('/ready') == (200, 'LIVE\n')
    finally:
        assert world.stop_gateway() == 0


def test_access_log_into_a_pipe(world):
    bootstrap = config.default(world)
    for listener in bootstrap['static_resources']['listeners'][:2]:
        manager = listener['filter_chains'][0]['filters'][0]
        manager['typed_config']['access_log'][0]['typed_config']['path'] = '/dev/stdout'
    path, seen = write(world, 'pipe.json', json.dumps(bootstrap)), os.path.join(world.folder, 'seen')
    pipe_out, pipe_in = os.pipe()
    with world.inside('gateway'), open(seen, 'wb') as sink, open(world.log_path, 'ab') as log:
        world.gateway = subprocess.Popen([program('hydrofoil'), '-c', path], stdout=pipe_in,
                                         stderr=log)
        world.gateway.log_path = world.log_path
        reader = subprocess.Popen(['cat'], stdin=pipe_out, stdout=sink)
    world.processes += [world.gateway, reader]
    os.close(pipe_in)
    os.close(pipe_out)
    until('/ready says LIVE', world.is_ready, 20)
    world.curl('http://10.80.1.1/direct')
    until('a line in the pipe', lambda: b'/direct' in open(seen, 'rb').read(), 5)
    # Its reader goes: the log suffers, the gateway does not.
    reader.kill()
    reader.wait()
    for _ in range(3):
        assert world.curl('http://10.80.1.1/direct').stdout == 'from the gateway\n'
    assert world.stop_gateway() == 0


def test_unknown_option_shows_usage(world):
    status, text = hydrofoil(world, '--no-such-option')
    assert status != 0 and '--no-such-option' in text, text


def test_help(world):
    status, text = hydrofoil(world, '--help')
    assert status == 0 and '--mode' in text and '--drain-time-s' in text, text


if __name__ == '__main__':
    run(globals())
