"""
A real S3 server for tests: OpenStack Swift (Debian's python3-swift) with its S3 API, on 127.0.0.1, all of it under one
folder. `s3_server.py FOLDER PORT` uses PORT to PORT+3, prints `ready` when it serves, and ends with its standard input: it
never outlives who started it. Access key test:tester, secret testing, region us-east-1. Signatures are really checked.

Swift knows `If-None-Match: *` on a PUT, but its S3 API turns such a request away. That is opened here, so that it can be
tested what stores of three kinds do, by the name of the bucket: `ignoring-...` takes no notice of the condition,
`refusing-...` answers 501 as Swift does by itself, and any other bucket honours it.
"""
import configparser
import json
import os
import signal
import socket
import subprocess
import sys
from time import sleep, time as clock

HERE = os.path.abspath(__file__)
CONDITION = 'HTTP_IF_NONE_MATCH'


def configure(folder, port):
    conf_dir = os.path.join(folder, 'conf')
    devices = os.path.join(folder, 'devices')
    cache = os.path.join(folder, 'cache')
    for path in (conf_dir, os.path.join(devices, 'd1'), cache):
        os.makedirs(path, exist_ok=True)
    write(conf_dir, 'swift.conf', {
        'swift-hash': {'swift_hash_path_prefix': 'test', 'swift_hash_path_suffix': 'test'},
        'storage-policy:0': {'name': 'only', 'default': 'yes'},
    })
    common = {'bind_ip': '127.0.0.1', 'swift_dir': conf_dir, 'workers': 0, 'log_level': 'ERROR'}
    for i, kind in enumerate(('account', 'container', 'object')):
        write(conf_dir, kind + '.conf', {
            'DEFAULT': {**common, 'bind_port': port + 1 + i, 'devices': devices, 'mount_check': 'false',
                        'disable_fallocate': 'true', 'fallocate_reserve': 0},
            'pipeline:main': {'pipeline': kind + '-server'},
            # Nothing here would do later what is put off, so a listing is brought up to date before a write is answered.
            'app:' + kind + '-server': {'use': 'egg:swift#' + kind, 'recon_cache_path': cache,
                                        'node_timeout': 60, 'conn_timeout': 10, 'log_requests': 'false',
                                        'container_update_timeout': 60, 'network_chunk_size': 1 << 20,
                                        'disk_chunk_size': 1 << 20, 'mb_per_sync': 512},
        })
    write(conf_dir, 'proxy.conf', {
        'DEFAULT': {**common, 'bind_port': port, 'client_timeout': 120},
        'pipeline:main': {'pipeline': 'catch_errors healthcheck memory listing_formats conditions s3api tempauth '
                                      'copy slo dlo versioned_writes symlink proxy-server'},
        'app:proxy-server': {'use': 'egg:swift#proxy', 'account_autocreate': 'true', 'node_timeout': 60,
                             'conn_timeout': 10, 'recoverable_node_timeout': 60, 'object_chunk_size': 1 << 20,
                             'client_chunk_size': 1 << 20, 'error_suppression_limit': 1000000},
        'filter:memory': {'paste.filter_factory': 'swift_filters:memory_factory'},
        'filter:conditions': {'paste.filter_factory': 'swift_filters:conditions_factory'},
        'filter:s3api': {'use': 'egg:swift#s3api', 'location': 'us-east-1', 's3_acl': 'false',
                         'max_upload_part_num': 10000},
        'filter:tempauth': {'use': 'egg:swift#tempauth', 'user_test_tester': 'testing .admin'},
        'filter:slo': {'use': 'egg:swift#slo', 'max_manifest_segments': 10000, 'rate_limit_under_size': 0},
        **{'filter:' + name: {'use': 'egg:swift#' + name}
           for name in ('catch_errors', 'healthcheck', 'listing_formats', 'copy', 'dlo', 'versioned_writes',
                        'symlink')},
    })
    return conf_dir


def write(conf_dir, name, sections):
    parser = configparser.RawConfigParser(default_section='none')
    parser.optionxform = str
    for section, values in sections.items():
        parser.add_section(section)
        for key, value in values.items():
            parser.set(section, key, str(value))
    with open(os.path.join(conf_dir, name), 'w') as file:
        parser.write(file)


def use(conf_dir):
    """Before anything of Swift looks for /etc/swift."""
    from swift.common import utils
    utils.SWIFT_CONF_FILE = os.path.join(conf_dir, 'swift.conf')


def build_rings(conf_dir, port):
    use(conf_dir)
    from swift.common.ring.builder import RingBuilder
    for i, kind in enumerate(('account', 'container', 'object')):
        builder = RingBuilder(4, 1, 0)
        place = {'ip': '127.0.0.1', 'port': port + 1 + i}
        builder.add_dev({'region': 1, 'zone': 1, 'device': 'd1', 'weight': 1.0, 'meta': '', **place,
                         **{'replication_' + key: value for key, value in place.items()}})
        builder.rebalance(seed='test')
        builder.get_ring().save(os.path.join(conf_dir, kind + '.ring.gz'))


def serve(conf_dir, kind):
    use(conf_dir)
    sys.modules['swift_filters'] = sys.modules['__main__']
    from swift.common.wsgi import run_wsgi
    options = {'verbose': True}
    if kind == 'object':
        from swift.obj import server
        options['global_conf_callback'] = server.global_conf_callback
    return run_wsgi(os.path.join(conf_dir, kind + '.conf'), kind + '-server', **options)


class Memory:
    """What Swift asks of memcached, for one process: values as they come back from JSON, and the time they hold."""

    def __init__(self):
        self.kept = {}

    def set(self, key, value, time=0, **_):
        until = clock() + time if time else None
        self.kept[key] = (json.dumps(value), until)

    def get(self, key, **_):
        value, until = self.kept.get(key, ('null', None))
        return json.loads(value) if until is None or until > clock() else None

    def delete(self, key, **_):
        self.kept.pop(key, None)

    def incr(self, key, delta=1, time=0, **_):
        value = max(0, int(self.get(key) or 0) + delta)
        self.set(key, value, time=time)
        return value

    def decr(self, key, delta=1, time=0, **_):
        return self.incr(key, -delta, time)


def memory_factory(_conf, **_local):
    memory = Memory()

    def wrap(app):
        def call(env, start):
            env['swift.cache'] = memory
            return app(env, start)
        return call
    return wrap


def conditions_factory(_conf, **_local):
    from eventlet.semaphore import Semaphore
    from swift.common.middleware.s3api.s3request import S3Request
    check = S3Request._validate_headers

    def check_without_condition(self):
        condition = self.environ.pop(CONDITION, None) if 'test.condition' in self.environ else None
        try:
            check(self)
        finally:
            if condition is not None:
                self.environ[CONDITION] = condition
    S3Request._validate_headers = check_without_condition

    def with_condition(make):
        def made(self, *args, **more):
            request = make(self, *args, **more)
            kind = self.environ.get('test.condition')
            request.headers.pop('If-None-Match', None)
            if kind == 'honour' and request.method == 'PUT':
                request.headers['If-None-Match'] = '*'
            return request
        return made
    S3Request.to_swift_req = with_condition(S3Request.to_swift_req)

    turns = {}

    def wrap(app):
        def call(env, start):
            bucket = env['PATH_INFO'].strip('/').split('/')[0]
            if env['REQUEST_METHOD'] != 'PUT' or env.get(CONDITION) != '*' or bucket.startswith('refusing-'):
                return app(env, start)
            env['test.condition'] = 'ignore' if bucket.startswith('ignoring-') else 'honour'
            # The look and the write are two steps in Swift; the proxy is one process, so turns make them one.
            with turns.setdefault(env['PATH_INFO'], Semaphore(1)):
                return list(app(env, start))
        return call
    return wrap


def main(folder, port):
    probe = os.path.join(folder, 'probe')
    with open(probe, 'w'):
        pass
    os.setxattr(probe, 'user.swift.probe', b'x' * 1000)
    conf_dir = configure(folder, port)
    build_rings(conf_dir, port)
    log = open(os.path.join(folder, 'swift.log'), 'ab')
    children = [
        subprocess.Popen([sys.executable, HERE, 'serve', conf_dir, kind], stdin=subprocess.DEVNULL, stdout=log,
                         stderr=log)
        for kind in ('account', 'container', 'object', 'proxy')
    ]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        for at in range(port, port + 4):
            wait_for(at, children)
        print('ready', flush=True)
        sys.stdin.buffer.read()
    finally:
        for child in children:
            child.terminate()
        for child in children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()


def wait_for(port, children):
    end = clock() + 60
    while clock() < end:
        if any(child.poll() is not None for child in children):
            sys.exit('one of the servers ended; see swift.log')
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            sleep(0.05)
    sys.exit('port %d does not answer' % port)


if __name__ == '__main__':
    if sys.argv[1] == 'serve':
        sys.exit(serve(sys.argv[2], sys.argv[3]))
    main(os.path.abspath(sys.argv[1]), int(sys.argv[2]))
