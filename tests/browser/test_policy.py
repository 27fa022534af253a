"""Our pages in the admin under the example's Content-Security-Policy, as all browser tests are: it blocks nothing."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from tests.users import create_user

OURS = [model._meta.model_name for model in admin.site._registry if model._meta.app_label == "org_analytics"]


@pytest.fixture
def administrator(organization: Any, live_server: Any) -> Any:
    client = Client()
    client.force_login(create_user("root@example.com", "Rosa Root", is_staff=True, is_superuser=True))
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}


def test_organization_page_is_sent_with_the_policy_and_scripts_run(visit):
    page = visit("?range=30d")
    response = page.reload()
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert page.locator("#usage-chart[data-drawn]").is_visible()


@pytest.mark.parametrize("model", OURS)
def test_admin_pages_pass_the_policy(browser, live_server, administrator, messages, model):
    context = browser.new_context()
    context.add_cookies([administrator])
    page = context.new_page()
    page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    response = page.goto(f"{live_server.url}/admin/org_analytics/{model}/")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    if (first := page.locator("#result_list tbody th a").first).count():
        first.click()
        page.wait_for_selector("#content")
    context.close()
    # The test site has no icon; the browser reports what a policy blocks with other words.
    assert [message for message in messages if "404 (Not Found)" not in message] == []
