"""Several threads, forked children and worker processes on one token."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.token import children
from tests.token.conftest import RealToken, nss_token

FOUR_THREADS = """
import threading
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
rounds, errors = 12, []

def work():
    keys = open_keys()
    try:
        for _ in range(rounds):
            reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=keys.new_id())
            keys.private_key(reference).sign(b"message", ec.ECDSA(hashes.SHA256()))
            assert keys.find(reference.id_bytes) == reference
            keys.destroy(reference)
    except BaseException as error:
        errors.append(repr(error))
    finally:
        keys.close()

threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
left = open_keys().list()
print(json.dumps({"errors": errors, "left": len(left)}))
"""


def test_four_threads_generate_sign_and_destroy_without_an_error(any_token: RealToken) -> None:
    before = len(any_token.open().list())

    assert children.run(FOUR_THREADS, any_token.settings) == f'{{"errors": [], "left": {before}}}'


FORKS = """
import threading
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
keys = open_keys()
reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=keys.new_id())
key = keys.private_key(reference)

def sign():
    for _ in range(5):
        key.sign(b"message", ec.ECDSA(hashes.SHA256()))

def in_child():
    errors = []
    def work():
        try:
            sign()
        except BaseException as error:
            errors.append(repr(error))
    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return errors

stop = threading.Event()
def keep_signing():
    while not stop.is_set():
        sign()
busy = threading.Thread(target=keep_signing)
busy.start()
statuses = []
for _ in range(10):
    child = os.fork()
    if child == 0:
        os._exit(1 if in_child() else 0)
    statuses.append(os.waitpid(child, 0)[1])
stop.set()
busy.join()
sign()
print(statuses == [0] * 10)
"""


OWN_SESSION = """
keys = open_keys()
with keys._token.session("looking") as login:
    parents = login
child = os.fork()
if child == 0:
    with keys._token.session("looking") as login:
        os._exit(1 if login is parents else 0)
status = os.waitpid(child, 0)[1]
with keys._token.session("looking") as login:
    print(status, login is parents)
"""


def test_a_forked_child_opens_a_session_of_its_own_and_leaves_its_parents_alone(any_token: RealToken) -> None:
    assert children.run(OWN_SESSION, any_token.settings) == "0 True"


def test_forked_children_of_a_busy_process_sign_with_nss_as_well(nss_folder: Path) -> None:
    assert children.run(FORKS, nss_token(nss_folder).settings) == "True"


@pytest.mark.parametrize("reset_on_fork", ["false", "true"])
def test_forked_children_of_a_busy_process_sign_and_the_parent_goes_on(token: RealToken, reset_on_fork: str) -> None:
    original = Path(token.environment["SOFTHSM2_CONF"]).read_text()
    conf = token.folder / "softhsm2.conf"
    conf.write_text(f"{original}library.reset_on_fork = {reset_on_fork}\n")
    settings = token.settings
    settings["profile"]["environment"] = {"SOFTHSM2_CONF": str(conf)}

    assert children.run(FORKS, settings) == "True"


WORKER = """
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
keys = open_keys()
keys.list()
print("ready", flush=True)
sys.stdin.readline()
repeated = 0

def again(step):
    # A worker repeats what was Unavailable; two repeats in a row would be a token that does not recover.
    global repeated
    try:
        return step()
    except Unavailable:
        repeated += 1
        return step()

for cka_id in [keys.new_id() for _ in range(20)]:
    reference = again(lambda: keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id))
    again(lambda: keys.private_key(reference).sign(b"message", ec.ECDSA(hashes.SHA256())))
print("made 20, repeated", repeated)
"""


def test_two_worker_processes_make_all_their_keys_on_one_token(token: RealToken) -> None:
    workers = [children.start(WORKER, token.settings) for _ in range(2)]
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("\n")
        worker.stdin.flush()

    outputs = [worker.communicate(timeout=60)[0] for worker in workers]

    assert [output.split(",")[0] for output in outputs] == ["made 20", "made 20"]
    found = token.open().list()
    assert len(found) == 40
    assert all(key.complete for key in found)


SHARED_LOGIN = """
first, second = open_keys(), open_keys()
reference = first.generate(KeySpec.EC_P256, label="shop", cka_id=first.new_id())
second.find(reference.id_bytes)
first.close()
print(second.find(reference.id_bytes) == reference)
"""


def test_closing_one_adapter_leaves_the_other_usable(any_token: RealToken) -> None:
    assert children.run(SHARED_LOGIN, any_token.settings) == "True"


LOGGED_OUT = """
keys = open_keys()
cka_id = keys.new_id()
reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)
public = keys.public_key(reference)
with keys._token.session("logging everybody out") as login:
    other = login.session.token.open(rw=True)  # a session that some other library of the process opened
    login.session.close()                      # C_Logout ends the login of them all
again = keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)
print(keys.public_key(again) == public, len([key for key in keys.list() if key.cka_id == cka_id.hex()]))
"""


def test_a_logout_by_somebody_else_does_not_make_a_key_look_missing(any_token: RealToken) -> None:
    assert children.run(LOGGED_OUT, any_token.settings) == "True 1"
