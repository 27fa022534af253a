"""The claims in the text around the examples."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from unittest import mock

from agents import nightly, queued, signals
from agents.models import Run
from agents.sessions import session_of
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db.models.signals import post_save
from django.template.loader import render_to_string
from django.test import RequestFactory, TestCase
from django.urls import reverse
from myqueue import jobs, work

from org_analytics.models import CodingSession

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
SITE = Path(__file__).parent.parent


def mondays(first, count):
    return [first + timedelta(weeks=number) for number in range(count)]


class Base(TestCase):
    def setUp(self):
        self.ada = get_user_model().objects.create_user("ada", "ada@example.com")
        self.bob = get_user_model().objects.create_user("bob", "bob@example.com")
        self.ada.groups.add(Group.objects.create(name="engineers"))
        jobs.clear()

    def run_of(self, user=None, **values):
        given = {"agent": "claude", "started_at": START, "finished_at": START + timedelta(minutes=3), "dollars": "1.5"}
        return Run.objects.create(user=user or self.ada, **{**given, "remote": "git@host:acme/api.git", **values})

    def saved(self, **values):
        with self.captureOnCommitCallbacks(execute=True):
            return self.run_of(**values)


class Statements(Base):
    def test_statements_run_in_their_order(self):
        code = compile((SITE / "statements.py").read_text(), "statements.py", "exec")
        with mock.patch("builtins.print") as shown:
            exec(code, {"user": self.ada})
        lines = [line.args for line in shown.call_args_list]
        assert lines[:2] == [(["provider", "started_at"],), ("ada@example.com", Decimal("0.28"))]
        assert lines[2:-1] == [(monday, int(monday.day == 23)) for monday in mondays(date(2026, 10, 26), 6)]
        assert lines[-1] == ("Claude Code", Decimal("0.28"))
        assert CodingSession.objects.count() == 4


class Recaps(Base):
    def test_the_command_makes_a_recap_of_each_analyzed_session_once(self):
        self.saved()
        self.saved(is_measured=False)
        for made in (1, 0):
            out = StringIO()
            call_command("generate_recaps", stdout=out)
            assert out.getvalue().startswith(f"Recaps: {made} made")
        assert CodingSession.objects.get(recap__isnull=False).recap.recap == "Claude Code worked for 3 minutes."


class Backfill(Base):
    def backfill(self):
        out, err = StringIO(), StringIO()
        call_command("backfill_sessions", stdout=out, stderr=err)
        return out.getvalue().strip(), err.getvalue()

    def test_each_run_becomes_a_session_once(self):
        for number in range(3):
            self.run_of(dollars=number)
        self.run_of(agent="windsurf")
        assert self.backfill() == ("{'created': 3}", "")
        assert self.backfill() == ("{'unchanged': 3}", "")
        session = CodingSession.objects.order_by("pk").first()
        assert (session.duration_ms, session.repo.path, session.user) == (180000, "acme/api", self.ada)

    def test_a_bad_run_is_named_and_the_others_are_written(self):
        self.run_of(dollars=-1)
        self.run_of()
        out, err = self.backfill()
        assert out == "{'created': 1}"
        assert "cost_usd" in err


class Signals(Base):
    def test_saves_and_deletes_are_followed(self):
        run = self.saved()
        assert CodingSession.objects.get().cost_usd == 1.5
        run.dollars = 2
        with self.captureOnCommitCallbacks(execute=True):
            run.save()
        assert CodingSession.objects.get().cost_usd == 2
        with self.captureOnCommitCallbacks(execute=True):
            run.delete()
        assert not CodingSession.objects.exists()

    def test_an_unmeasured_run_is_pending_until_it_is_measured(self):
        run = self.saved(is_measured=False, finished_at=None)
        assert CodingSession.objects.get().analyzed_at is None
        run.is_measured = True
        with self.captureOnCommitCallbacks(execute=True):
            run.save()
        assert CodingSession.objects.get().analyzed_at is not None

    def test_a_bad_value_or_an_unknown_agent_does_not_break_the_save(self):
        with self.assertLogs("django.test", "ERROR") as logs:
            self.saved(dollars=-1)
        assert "cost_usd" in logs.output[0]
        self.saved(agent="windsurf")
        assert Run.objects.count() == 2
        assert not CodingSession.objects.exists()

    def test_a_fixture_sends_nothing(self):
        with self.captureOnCommitCallbacks() as callbacks:
            signals.run_saved(Run, self.run_of(agent="windsurf"), raw=True)
        assert len(callbacks) == 1  # that of run_of() alone


class Queue(Base):
    def setUp(self):
        super().setUp()
        post_save.disconnect(signals.run_saved, sender=Run)
        post_save.connect(queued.run_saved, sender=Run)
        self.addCleanup(post_save.connect, signals.run_saved, sender=Run)
        self.addCleanup(post_save.disconnect, queued.run_saved, sender=Run)

    def test_a_worker_writes_late_twice_and_after_the_run_is_gone(self):
        run = self.saved()
        run.dollars = 3
        with self.captureOnCommitCallbacks(execute=True):
            run.save()
        assert len(jobs) == 2
        assert not CodingSession.objects.exists()
        work()
        assert CodingSession.objects.get().cost_usd == 3
        self.saved().delete()
        work()
        assert CodingSession.objects.count() == 1


class Nightly(Base):
    def test_it_writes_what_changed_and_deletes_what_is_gone(self):
        moved, gone, same, priced = (self.run_of() for _ in range(4))
        pushed = {"user": self.ada, "provider": "codex", "external_id": "pushed", "started_at": START}
        CodingSession.objects.record(**pushed)
        assert nightly.keep_in_step() == {"created": 4, "deleted": 0}
        assert nightly.keep_in_step() == {"unchanged": 4, "deleted": 0}
        Run.objects.filter(pk=moved.pk).update(user=self.bob)
        Run.objects.filter(pk=priced.pk).update(dollars=9)
        Run.objects.filter(pk=gone.pk).delete()
        assert nightly.keep_in_step() == {"created": 1, "updated": 1, "unchanged": 1, "deleted": 2}
        kept = set(CodingSession.objects.values_list("user__username", "external_id"))
        wanted = {("bob", f"run-{moved.pk}"), ("ada", f"run-{same.pk}"), ("ada", f"run-{priced.pk}")}
        assert kept == wanted | {("ada", "pushed")}

    def test_a_bad_run_is_counted_and_does_not_stop_the_others(self):
        self.run_of(dollars=-1)
        self.run_of()
        assert nightly.keep_in_step() == {"invalid": 1, "created": 1, "deleted": 0}


class Site(Base):
    def rendered(self, user):
        request = RequestFactory().get("/")
        request.user = user
        return render_to_string("nav.html", request=request)

    def test_members_alone_have_a_row_and_access(self):
        self.client.force_login(self.ada)
        users = self.client.get("/internal/api/v1/org/analytics").json()["users"]
        assert [one["user"]["email"] for one in users] == ["ada@example.com"]
        self.client.force_login(self.bob)
        assert self.client.get("/internal/api/v1/org/analytics").status_code == 403
        assert self.client.get("/team/organization").status_code == 403

    def test_api_and_page_are_where_the_page_says(self):
        assert reverse("org_analytics:organization") == "/team/organization"
        assert reverse("org_analytics:api-sessions") == "/internal/api/v1/org/sessions"

    def test_the_tag_has_three_forms_for_members_and_nothing_for_others(self):
        text = self.rendered(self.ada)
        assert text.count('href="/team/organization"') == 3
        assert text.count('class="nav-link"') == 1
        assert text.count("<li>") == 1
        assert "href" not in self.rendered(self.bob)
        assert "<li>" not in self.rendered(self.bob)

    def test_deleting_a_user_deletes_their_sessions(self):
        self.saved()
        self.ada.delete()
        assert not CodingSession.objects.exists()

    def test_the_translation_leaves_out_other_agents(self):
        assert session_of(Run(agent="windsurf")) is None


class OwnPages(Base):
    def setUp(self):
        super().setUp()
        self.bob.groups.add(Group.objects.get(name="engineers"))
        now = datetime.now(UTC)
        for user, path, cost in ((self.ada, "ada/api", 2), (self.bob, "acme/api", 3), (self.bob, None, 4)):
            CodingSession.objects.record(
                user=user,
                provider="codex",
                external_id=f"{user}-{path}",
                started_at=now,
                cost_usd=cost,
                git_info=path and {"path": path, "upstream_path": "acme/api" if path != "acme/api" else None},
            )
        self.client.force_login(self.ada)

    def shown(self, query=""):
        context = self.client.get(f"/sessions{query}").context
        return [session.root_path for session in context["sessions"]], context["total"].cost_usd

    def test_a_reader_sees_their_own_sessions(self):
        assert self.shown() == (["acme/api"], 2)

    def test_shared_sessions_are_filtered_by_the_address_and_equal_the_sums(self):
        with self.settings(SHARE_ALL_SESSIONS_TO_AUTHENTICATED=True):
            assert self.shown() == ([None, "acme/api", "acme/api"], 9)
            assert self.shown("?repo=ada/api&include_no_repo=0") == (["acme/api", "acme/api"], 5)
            assert self.shown(f"?person={self.bob.pk}") == ([None, "acme/api"], 7)
            assert self.shown("?range=last-week") == ([], 0)

    def test_the_filter_bar_is_shown_with_its_styles_and_says_what_is_wrong(self):
        text = self.client.get("/sessions?range=century").text
        assert "org_analytics/css/controls.css" in text
        assert "Unknown date range." in text
        assert "<script" not in text

    def test_teams_are_groups_without_their_prefix(self):
        self.ada.groups.add(Group.objects.create(name="team blue"))
        rows = self.client.get("/internal/api/v1/org/breakdown?group_by=team").json()["rows"]
        assert [(row["key"], row["total_cost_usd"]) for row in rows] == [("blue", "2.00"), (None, "7.00")]

    def test_a_session_of_a_run_has_a_link_to_its_page(self):
        run = self.saved()
        session = CodingSession.objects.get(external_id=f"run-{run.pk}")
        other = CodingSession.objects.get(external_id="ada-ada/api")
        assert f'href="/runs/{run.pk}"' in self.client.get(f"/team/organization/sessions/{session.pk}").text
        assert "/runs/" not in self.client.get(f"/team/organization/sessions/{other.pk}").text
