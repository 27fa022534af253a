"""The chart, its measures, its comparison, its table and its colours."""

from playwright.sync_api import Page, expect

from tests.browser.steps import expect_address

COLORS = """() => {
    const chart = document.getElementById("usage-chart");
    const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    copy.canvas.width = chart.width;
    copy.canvas.height = chart.height;
    copy.drawImage(chart, 0, 0);
    const { data } = copy.getImageData(0, 0, chart.width, chart.height);
    const seen = new Set();
    for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] === 255) { seen.add(`${data[i]},${data[i + 1]},${data[i + 2]}`); }
    }
    return [...seen];
}"""


def colors(page: Page) -> set[str]:
    """Every opaque colour on the canvas, as red,green,blue."""
    expect(page.locator("#usage-chart[data-drawn]")).to_be_visible()
    return set(page.evaluate(COLORS))


def chart(page: Page, what: str) -> object:
    return page.evaluate(f"() => {{ const chart = Chart.getChart('usage-chart'); return {what}; }}")


def test_bars_are_drawn_in_the_providers_colours(visit):
    page = visit(color_scheme="light")
    assert {"184,85,8", "15,90,166", "5,70,60"} <= colors(page)
    assert chart(page, "chart.data.datasets.map(set => set.label)") == ["Claude Code", "Codex", "OpenCode"]


def test_colours_follow_the_theme(visit):
    page = visit(color_scheme="light")
    light = colors(page)
    page.locator(".theme-toggle").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert {"240,148,77", "58,151,232", "111,230,196"} <= colors(page) - light
    page.locator(".theme-toggle").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert colors(page) == light


def test_each_measure_is_shown(visit):
    page = visit()
    for name, measure in (("Sessions", "sessions"), ("Assistant time", "assistant"), ("User time", "user_time")):
        page.locator(f"#measure-{measure}").click()
        expect_address(page, measure=measure)
        expect(page.get_by_role("heading", name=f"{name} by day")).to_be_visible()
        colors(page)
    page.locator("#measure-cost").click()
    expect_address(page)


def test_comparing_draws_the_period_before_as_a_line(visit):
    page = visit()
    assert chart(page, "chart.data.datasets.filter(set => set.type === 'line').length") == 0
    page.get_by_role("link", name="Compare with previous period").click()
    expect_address(page, compare="1")
    colors(page)
    assert chart(page, "chart.data.datasets.filter(set => set.type === 'line').map(set => set.data.length)") == [7]
    page.get_by_role("link", name="Hide previous period").click()
    expect_address(page)


def test_the_table_has_the_chart_s_numbers(visit):
    page = visit("?measure=sessions&compare=1")
    colors(page)
    drawn = chart(page, "chart.data.datasets.map(set => set.texts)")
    page.get_by_role("link", name="Show as table").click()
    expect_address(page, measure="sessions", compare="1", chart="table")
    rows = page.locator(".oa-days tbody tr:not(.oa-everyone)").all()
    cells = [row.locator("td").all_text_contents() for row in rows]
    assert [[row[place] for row in cells] for place in (0, 1, 2, 4)] == drawn
    page.get_by_role("link", name="Show as chart").click()
    expect_address(page, measure="sessions", compare="1")
    colors(page)


def test_a_tooltip_tells_the_day(visit):
    page = visit("?measure=sessions")
    colors(page)
    page.locator("#usage-chart").hover(position={"x": 300, "y": 150})
    page.wait_for_function("Chart.getChart('usage-chart').tooltip.opacity === 1")
    lines = chart(page, "chart.tooltip.body.flatMap(part => part.lines).concat(chart.tooltip.footer)")
    assert any(line.startswith("Claude Code: ") for line in lines)
    assert lines[-1].startswith("Total: ")
