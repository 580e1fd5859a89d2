"""Several visitors of one real server: two tabs of one, a stranger, one who floods, one who uploads without end."""

import asyncio
import urllib.error
import urllib.request
from contextlib import asynccontextmanager, suppress

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.browser.conftest import ROOT, serve
from tests.server.test_faults import SOON, W1, until
from tests.tools.load.usage import measure_memory
from tests.tools.load.visitor import Visitor


@pytest.fixture(scope="module")
def server():
    process, url = serve("app.py", ROOT, SOON, "--server.enableXsrfProtection=false")
    yield process, url
    process.terminate()
    process.wait(10)


def test_two_tabs_of_one_user_are_two_works(server):
    _, url = server

    async def act():
        async with Visitor(url, "Step_through") as one, Visitor(url, "Step_through") as two:
            await one.edit(*W1, 0.25)
            await two.edit(*W1, 0.75)
            await one.run()
            assert one.read_matrix("W1")[0] == 0.25
            await two.undo()
            await two.run()
            assert two.read_matrix("W1")[0] == 0.6
            await one.undo("redo")
            assert one.read_matrix("W1")[0] == 0.25
            assert not one.list_faults() + two.list_faults()

    asyncio.run(act())


def test_a_stranger_who_clears_the_cache_harms_no_other_session(server):
    _, url = server
    clear = BackMsg()
    clear.clear_cache = True

    async def act():
        async with Visitor(url, "Step_through") as student, Visitor(url, "Step_through") as stranger:
            await student.edit(*W1, 0.25)
            await stranger.edit(*W1, 0.5)
            for _ in range(5):
                await stranger.ws.send(clear.SerializeToString())
                await student.edit("W2", (0, 0), 0.125)
            await student.run()
            assert student.read_matrix("W1")[0] == 0.25
            assert student.read_matrix("W2")[0] == 0.125
            for _ in range(2):
                await stranger.run()
                assert not student.list_faults() + stranger.list_faults()
            await stranger.edit(*W1, 0.75)
            assert stranger.read_matrix("W1")[0] == 0.75

    asyncio.run(act())


@asynccontextmanager
async def flood(visitor, message):
    """Send a message again and again, as fast as it is taken, and listen to no answer."""
    sent = [0]

    async def send():
        while True:
            await visitor.ws.send(message)
            sent[0] += 1
            await asyncio.sleep(0)

    flooding = asyncio.create_task(send())
    yield sent
    flooding.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await flooding
    await visitor.break_connection()  # what was sent and not taken goes with it


def rerun(visitor):
    message = BackMsg()
    message.rerun_script.page_script_hash = visitor.page_hash
    message.rerun_script.widget_states.widgets.extend(visitor.values.values())
    return message.SerializeToString()


def test_while_one_floods_the_others_are_served_and_memory_is_bounded(server):
    process, url = server

    async def act():
        async with Visitor(url, "Step_through") as rude, Visitor(url, "Step_through") as student:
            before = measure_memory(process.pid)
            async with flood(rude, rerun(rude)) as sent:
                for n in range(40):
                    await student.edit(*W1, n / 64)
                    assert student.read_matrix("W1")[0] == n / 64
                await until(lambda: sent[0] > 500)
            assert measure_memory(process.pid) - before < 60
            assert not student.list_faults()

    asyncio.run(act())


def test_a_session_that_uploads_without_end_is_refused_and_its_files_go_with_it(server):
    _, url = server

    def put(session, name, size):
        body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n%s\r\n--b--\r\n' % (
            b"1" * size
        )
        where = f"{url}/_stcore/upload_file/{session}/{name}"
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        try:
            urllib.request.urlopen(urllib.request.Request(where, body, headers, method="PUT"), timeout=10).close()
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        return 204

    async def act():
        greedy = []
        async with Visitor(url) as student:
            for n in range(10):  # together they take all there is
                visitor = Visitor(url)
                greedy.append(await visitor.__aenter__())
                answers = [await asyncio.to_thread(put, visitor.session_id, m, 3_900_000) for m in range(5)]
                assert answers == ([204] * 3 + [413] * 2 if n < 8 else [413] * 5)
            assert await asyncio.to_thread(put, student.session_id, "mine", 3_900_000) == 413
            for visitor in greedy:
                await visitor.leave()
            await asyncio.sleep(3)
            # Streamlit looks for expired sessions when a connection ends, so a reload makes room.
            await student.leave()
        async with Visitor(url) as student:
            assert await asyncio.to_thread(put, student.session_id, "mine", 3_900_000) == 204
            assert not student.list_faults()

    asyncio.run(act())
