"""The page in a real browser: its policy, its files, its address."""

import pytest

from tests.ui.service import service_with
from tests.ui.watch import SIZE, Watch, settle


def test_everything_comes_from_the_service_compressed_and_under_the_policy(watch):
    page = watch.open(SIZE, fresh=True)
    answers = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 (it takes no methods of C)
    page.reload()
    settle(page)
    files = [answer for answer in answers if "/assets/" in answer.url]
    assert files
    for answer in files:
        headers = answer.all_headers()
        assert headers["cache-control"].endswith("immutable")
        if int(headers["content-length"]) > 1_000:
            assert headers["content-encoding"] == "br", answer.url
        assert "require-trusted-types-for 'script'" in headers["content-security-policy"]
    assert answers[0].all_headers()["cache-control"] == "no-cache"


def test_text_cannot_become_markup(watch):
    """The policy is the last line: this is what an attacker's text would meet."""
    page = watch.open(SIZE, fresh=True)
    script = "() => {{ try {{ {} }} catch (error) {{ return error.name }} }}"
    for attempt in (
        "document.body.innerHTML = '<b>x</b>'",
        "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
        "document.createElement('script').src = 'data:,1'",
        "trustedTypes.createPolicy('x', {})",
    ):
        assert page.evaluate(script.format(attempt)) == "TypeError", attempt
    # the attempts are told on the console, as they have to be
    page.wait_for_timeout(100)
    page.close()
    assert len(watch.faults) >= 4
    watch.faults.clear()


@pytest.fixture
def below_a_path(tmp_path_factory, browser):
    folder = tmp_path_factory.mktemp("path")
    config = folder / "sentinel.toml"
    config.write_text("[server]\nroot_path = '/sentinel/of/ours'\n", "utf-8")
    with service_with(folder, browser, "--config", str(config)) as service:
        service.url += "sentinel/of/ours/"
        yield service


def test_below_a_path_deep_links_and_the_stream_work(below_a_path, browser):
    watch = Watch(browser, below_a_path)
    page = watch.open(SIZE, path="alerts")
    page.get_by_role("heading", level=1).first.wait_for()
    with page.expect_websocket() as opened:
        page.reload()
    assert opened.value.url.startswith(below_a_path.url.replace("http", "ws", 1))
    page.get_by_role("link", name="Incidents").first.click()
    page.wait_for_url(f"{below_a_path.url}incidents**")
    watch.close()


def test_the_printed_link_logs_in_once_and_leaves_no_trace(tmp_path, browser):
    from tests.integration.test_service import running  # noqa: PLC0415 (the other fixtures need not)
    from tests.ui.service import UiService  # noqa: PLC0415 (same)

    with running(tmp_path / "data") as process:
        service = UiService(process, "")
        link = service.one_time_link()
        assert "#token=" in link
        watch = Watch(browser, service)
        page = watch.open(SIZE, path=link.removeprefix(service.url), fresh=True)
        page.get_by_role("navigation").first.wait_for()
        assert "token" not in page.url
        again = watch.open(SIZE, fresh=True)
        watch.expect("/api/v1/login", "401")
        again.goto(link)
        again.reload()  # the fragment alone loads nothing anew
        again.get_by_label("Password").wait_for()
        watch.close()
