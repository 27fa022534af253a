"use strict";
// Draws the numbers of #chart-data on #usage-chart: stacked bars by provider, the previous period as a line.
{
  const root = document.documentElement;
  const timeUnits = [[3_600_000, "hour"], [60_000, "minute"], [1_000, "second"]];
  let chart = null;

  // A colour of the style sheet, computed where the chart is: it depends on the colour scheme there.
  function color(name) {
    const canvas = document.getElementById("usage-chart");
    canvas.style.color = `var(${name})`;
    return getComputedStyle(canvas).color;
  }

  // A number as the page writes it: separators and groups come from the server, the browser's may differ.
  function formatNumber(value, { decimal, thousands, grouping }) {
    const [whole, places] = String(Number(value.toFixed(2))).split(".");
    const groups = [];
    let rest = whole;
    for (let place = 0; rest; place += 1) {
      const size = grouping[Math.min(place, grouping.length - 1)];
      groups.unshift(rest.slice(-size));
      rest = rest.slice(0, -size);
    }
    return groups.join(thousands) + (places ? decimal + places : "");
  }

  // What a number on the axis is divided by, and how it is written.
  function axis(data, highest) {
    const { conventions } = data;
    const write = (pattern) => (value) => pattern.replace("{}", formatNumber(value, conventions));
    if (data.kind === "time") {
      const [divisor, unit] = timeUnits.find(([size]) => highest >= 2 * size) || timeUnits[2];
      return { divisor, format: write(conventions[unit]) };
    }
    return { divisor: 1, format: write(data.kind === "money" ? conventions.money : "{}") };
  }

  function highestOf(data) {
    const days = data.labels.map((_, day) => data.datasets.reduce((sum, set) => sum + set.values[day], 0));
    return Math.max(0, ...days, ...(data.previous ? data.previous.values : []));
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
    const line = data.previous && {
      type: "line",
      label: data.previous.label,
      texts: data.previous.texts,
      days: data.previous.days,
      data: data.previous.values.map((value) => value / divisor),
      colorName: "--oa-previous",
      stack: "previous",
      borderWidth: 2,
      borderDash: [5, 4],
      pointStyle: "line",
      pointRadius: data.previous.values.length > 1 ? 0 : 4,
      tension: 0,
      order: 0,
    };
    return line ? [...bars, line] : bars;
  }

  // A wider line in the page's colour below the dashed one, so that it is visible on every bar.
  const halo = {
    id: "halo",
    beforeDatasetDraw({ ctx, chartArea }, { meta }) {
      if (meta.type === "line") {
        const line = meta.dataset;
        const { options } = line;
        line.options = { ...options, borderColor: color("--oa-bg"), borderDash: [], borderWidth: 5 };
        line.draw(ctx, chartArea);
        line.options = options;
      }
    },
  };

  // Applies the colours of the current theme.
  function applyColors({ data, options }) {
    for (const set of data.datasets) {
      set.backgroundColor = set.borderColor = color(set.colorName);
    }
    const { scales, plugins } = options;
    scales.x.ticks.color = scales.y.ticks.color = plugins.legend.labels.color = color("--oa-quiet");
    scales.y.grid.color = color("--oa-line");
  }

  function recolor() {
    if (chart && chart.canvas.isConnected) {
      applyColors(chart.config);
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
    const isMirrored = getComputedStyle(canvas).direction === "rtl";
    const textDirection = isMirrored ? "rtl" : "ltr";
    Chart.defaults.font.family = getComputedStyle(canvas).fontFamily;
    const config = {
      type: "bar",
      plugins: [halo],
      data: { labels: data.labels, datasets: datasets(data, divisor) },
      options: {
        animation: false,
        maintainAspectRatio: false,
        layout: { padding: { left: isMirrored ? 24 : 0 } }, // the last label is not cut off
        interaction: { mode: "index", intersect: false },
        scales: {
          x: {
            stacked: true,
            reverse: isMirrored,
            grid: { display: false },
            ticks: { maxRotation: 0, autoSkipPadding: 12 },
          },
          y: {
            stacked: true,
            beginAtZero: true,
            position: isMirrored ? "right" : "left",
            grid: {},
            border: { display: false },
            ticks: { maxTicksLimit: 6, precision: data.kind === "count" ? 0 : undefined, callback: format },
          },
        },
        plugins: {
          colors: { enabled: false },
          legend: {
            align: "start",
            rtl: isMirrored,
            textDirection,
            labels: { usePointStyle: true, boxHeight: 8, sort: (a, b) => a.datasetIndex - b.datasetIndex },
          },
          tooltip: {
            rtl: isMirrored,
            textDirection,
            callbacks: {
              label: ({ dataset, dataIndex }) => {
                const day = dataset.days ? ` (${dataset.days[dataIndex]})` : "";
                return `${dataset.label}${day}: ${dataset.texts[dataIndex]}`;
              },
              footer: ([item]) => `${data.totalLabel}: ${data.totals[item.dataIndex]}`,
            },
          },
        },
      },
    };
    applyColors(config);
    chart = new Chart(canvas, config);
    canvas.dataset.drawn = "true";
  }

  // Hosts switch their theme by an attribute or a class of the root element.
  new MutationObserver(recolor).observe(root, { attributeFilter: ["data-theme", "data-bs-theme", "class"] });
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", recolor);
  }

  // Paper is white, whatever the screen is. Browsers apply the style sheet for print only after this event.
  let theme;
  function usePaperColors(isPaper) {
    if (isPaper) {
      theme = root.dataset.theme;
      root.dataset.theme = "light";
    } else if (theme === undefined) {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = theme;
    }
    if (chart) {
      chart.canvas.style.colorScheme = isPaper ? "light" : "";
    }
    recolor();
  }
  addEventListener("beforeprint", () => {
    usePaperColors(true);
    chart?.resize(960, 240);
  });
  addEventListener("afterprint", () => {
    usePaperColors(false);
    chart?.resize();
  });

  for (const event of ["htmx:afterSettle", "htmx:historyRestore"]) {
    document.addEventListener(event, draw);
  }
  draw();
}
