"use strict";
// Draws the numbers of #chart-data on #usage-chart: stacked bars by provider, the period before as a line.
{
  const root = document.documentElement;
  const timeUnits = [[3_600_000, "hour"], [60_000, "minute"], [1_000, "second"]];
  let chart = null;

  const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  // What a number on the axis is divided by and how it is written.
  function axis(data, highest) {
    const style = { money: { style: "currency", currency: "USD", maximumFractionDigits: highest < 10 ? 2 : 0 }, count: { maximumFractionDigits: 0 } };
    if (data.kind !== "time") {
      return { divisor: 1, format: new Intl.NumberFormat(root.lang, style[data.kind]) };
    }
    const [divisor, unit] = timeUnits.find(([size]) => highest >= 2 * size) || timeUnits[2];
    return { divisor, format: new Intl.NumberFormat(root.lang, { style: "unit", unit, unitDisplay: "narrow" }) };
  }

  function highestOf(data) {
    const days = data.labels.map((_, day) => data.datasets.reduce((sum, set) => sum + set.values[day], 0));
    return Math.max(0, ...days, ...(data.before ? data.before.values : []));
  }

  function datasets(data, divisor) {
    const bars = data.datasets.map((set) => ({
      label: set.label,
      texts: set.texts,
      data: set.values.map((value) => value / divisor),
      colorName: `--oa-${set.provider}`,
      stack: "usage",
      pointStyle: "rect",
      maxBarThickness: 56,
      order: 1,
    }));
    const line = data.before && {
      type: "line",
      label: data.before.label,
      texts: data.before.texts,
      days: data.before.days,
      data: data.before.values.map((value) => value / divisor),
      colorName: "--oa-before",
      stack: "before",
      borderWidth: 2,
      borderDash: [5, 4],
      pointStyle: "line",
      pointRadius: data.before.values.length > 1 ? 0 : 4,
      tension: 0,
      order: 0,
    };
    return line ? [...bars, line] : bars;
  }

  // Beneath the line a wider one in the page's colour: it shows on every bar.
  const halo = {
    id: "halo",
    beforeDatasetDraw({ ctx, chartArea }, { meta }) {
      if (meta.type === "line") {
        const line = meta.dataset;
        const { options } = line;
        line.options = { ...options, borderColor: color("--body-bg"), borderDash: [], borderWidth: 5 };
        line.draw(ctx, chartArea);
        line.options = options;
      }
    },
  };

  // The page's colours of the theme in force.
  function dress({ data, options }) {
    for (const set of data.datasets) {
      set.backgroundColor = set.borderColor = color(set.colorName);
    }
    const { scales, plugins } = options;
    scales.x.ticks.color = scales.y.ticks.color = plugins.legend.labels.color = color("--body-quiet-color");
    scales.y.grid.color = color("--hairline-color");
  }

  function redress() {
    if (chart) {
      dress(chart.config);
      chart.update("none");
    }
  }

  function draw() {
    const canvas = document.getElementById("usage-chart");
    if (chart && chart.canvas !== canvas) {
      chart.destroy();
      chart = null;
    }
    if (!canvas || chart) {
      return;
    }
    const data = JSON.parse(document.getElementById("chart-data").textContent);
    const { divisor, format } = axis(data, highestOf(data));
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    const config = {
      type: "bar",
      plugins: [halo],
      data: { labels: data.labels, datasets: datasets(data, divisor) },
      options: {
        animation: false,
        maintainAspectRatio: false,
        locale: root.lang,
        interaction: { mode: "index", intersect: false },
        scales: {
          x: { stacked: true, grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 12 } },
          y: { stacked: true, beginAtZero: true, grid: {}, border: { display: false }, ticks: { maxTicksLimit: 6, precision: data.kind === "count" ? 0 : undefined, callback: (value) => format.format(value) } },
        },
        plugins: {
          colors: { enabled: false },
          legend: { align: "start", labels: { usePointStyle: true, boxHeight: 8, sort: (a, b) => a.datasetIndex - b.datasetIndex } },
          tooltip: {
            callbacks: {
              label: ({ dataset, dataIndex }) => `${dataset.label}${dataset.days ? ` (${dataset.days[dataIndex]})` : ""}: ${dataset.texts[dataIndex]}`,
              footer: ([item]) => `${data.totalLabel}: ${data.totals[item.dataIndex]}`,
            },
          },
        },
      },
    };
    dress(config);
    chart = new Chart(canvas, config);
    canvas.dataset.drawn = "true";
  }

  new MutationObserver(redress).observe(root, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redress);

  // Paper is white, whatever the screen is.
  let theme;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    redress();
    chart?.resize(960, 240);
  });
  addEventListener("afterprint", () => {
    root.dataset.theme = theme;
    redress();
    chart?.resize();
  });

  for (const event of ["htmx:afterSettle", "htmx:historyRestore"]) {
    document.addEventListener(event, draw);
  }
  draw();
}
