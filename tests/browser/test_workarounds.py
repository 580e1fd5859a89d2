"""What Streamlit's browser does that `pages/ui/server/workarounds.py` makes up for."""

from streamlit.proto.BackMsg_pb2 import BackMsg


def test_drop_stale_reruns_keeps_the_page_whole_and_the_browser_still_needs_this(app):
    student = app("Step_through")
    page, sent = student.page, []

    def record(frame):
        message = BackMsg.FromString(frame)
        if message.HasField("rerun_script"):
            sent.append((message.rerun_script.page_script_hash, bool(message.rerun_script.fragment_id)))

    # Playwright tells of sockets from their start on, and this one is open.
    page.on("websocket", lambda socket: socket.on("framesent", record))
    page.reload()
    page.locator("td:visible").first.wait_for(timeout=30000)
    student.settle()
    page.get_by_text("Network", exact=True).click()
    page.get_by_label("Units of layer 1").wait_for()
    student.settle()
    before = len(sent)
    page.locator('[data-testid="stPageLink"]').filter(has_text="Derivation").click()
    page.wait_for_url("**/Derivation**")
    page.wait_for_timeout(1500)
    student.settle()
    assert page.get_by_text("Examples are columns").is_visible()
    assert page.locator("td:visible").count()
    (old, _), (new, in_fragment), *rest = sent[before - 1 :]
    assert new != old
    assert not in_fragment
    assert (old, True) in rest  # the menu of the page that was left: upstream has not mended it
