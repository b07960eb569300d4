/* Draws every <figure class="chart"> from the JSON inside it (web/charts.py: Chart.plain). Without it the table of the numbers
   stands open. ECharts is fetched only where there is something to draw. */
"use strict";

(() => {
  const library = document.currentScript.dataset.echarts;
  const HUES = {
    light: ["#14618f", "#5a8f29", "#7b5ea7", "#1a8a85", "#8a6d3b", "#4a5a9e", "#a34f86", "#5f6b75"],
    dark: ["#74bbe3", "#a3cf6f", "#b9a0e0", "#5fcac4", "#cdb07a", "#93a4ea", "#e09cc8", "#aab4bd"],
  };
  let fetched = null;

  function echartsReady() {
    fetched ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      Object.assign(script, { src: library, onload: done, onerror: failed });
      document.head.append(script);
    });
    return fetched;
  }

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const isDark = () => getComputedStyle(document.documentElement).colorScheme.includes("dark");

  function duration(seconds) {
    if (seconds >= 172800) return `${+(seconds / 86400).toFixed(1)} d`;
    if (seconds >= 7200) return `${+(seconds / 3600).toFixed(1)} h`;
    return seconds >= 120 ? `${+(seconds / 60).toFixed(1)} min` : `${Math.round(seconds)} s`;
  }
  const UNITS = {
    rate: (value) => `${+(value * 100).toFixed(2)} %`,
    seconds: duration,
    stars: (value) => `${+value.toFixed(2)}`,
    count: (value) => value.toLocaleString("en").replaceAll(",", "\u2009"),
    fen: (value) => `¥${(value / 100).toLocaleString("en").replaceAll(",", "\u2009")}`,
  };

  function series(data, each, place, ink) {
    const points = data.days.map((day, at) => [day, each.values[at]]);
    const usual = { name: each.name, data: points, animation: false, emphasis: { disabled: true } };
    if (each.kind === "bar") return { ...usual, type: "bar", stack: "all", barMaxWidth: 26, itemStyle: { color: ink.hue(place) } };
    const beside = each.kind === "benchmark";
    const line = { color: beside ? ink.soft : ink.hue(place), width: beside ? 1.2 : 1.8, type: beside ? "dashed" : "solid" };
    return {
      ...usual, type: "line", lineStyle: line, itemStyle: { color: line.color }, symbol: "circle", symbolSize: beside ? 0 : 5,
      showSymbol: data.days.length <= 45, connectNulls: false,
      markLine: place === 0 && data.marks.length ? marks(data, ink) : undefined,
    };
  }

  function marks(data, ink) {
    return {
      silent: true, symbol: "none", animation: false, lineStyle: { color: ink.edge, type: [3, 3], width: 1 },
      label: { color: ink.soft, fontSize: 11, position: "end", distance: 3, formatter: (mark) => mark.name },
      data: data.marks.map((mark) => ({ name: mark.words, xAxis: mark.day })),
    };
  }

  function tooltip(data, ink) {
    return {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: ink.raised, borderColor: ink.rule, borderWidth: 1,
      textStyle: { color: ink.ink, fontFamily: ink.font, fontSize: 12.5 }, axisPointer: { lineStyle: { color: ink.edge } },
      formatter(found) {
        const at = data.days.indexOf(found[0].data[0]);
        const said = data.series.map((each) => `${each.name}  ${each.text[at]}`);
        return [data.days[at], ...said, ...data.marks.filter((mark) => mark.day === data.days[at]).map((mark) => mark.words)].join("\n");
      },
    };
  }

  function options(data, narrow) {
    const hues = HUES[isDark() ? "dark" : "light"];
    const ink = {
      ink: colour("--ink"), soft: colour("--soft"), rule: colour("--rule"), edge: colour("--edge"), raised: colour("--raised"),
      font: getComputedStyle(document.body).fontFamily, hue: (place) => hues[place % hues.length],
    };
    const text = { color: ink.soft, fontFamily: ink.font, fontSize: 11.5 };
    const many = data.days.length > 120;
    const legend = data.series.length > 1;
    return {
      animation: false, textStyle: { fontFamily: ink.font }, tooltip: tooltip(data, ink),
      grid: { left: 4, right: 14, top: legend ? 44 : 22, bottom: many ? 44 : 6, containLabel: true },
      legend: legend ? { type: "scroll", top: 0, left: 0, itemWidth: 16, itemHeight: 8, textStyle: text, pageTextStyle: text } : undefined,
      xAxis: {
        ...(data.axis === "category" ? { type: "category", data: data.days } : { type: "time" }), axisLine: { lineStyle: { color: ink.edge } }, axisTick: { show: false }, splitNumber: narrow ? 3 : 7, minInterval: 86400000,
        axisLabel: {
          ...text, hideOverlap: true,
          formatter: data.axis === "category" ? (day) => day.slice(5) : { year: "{yyyy}", month: "{MM}-{dd}", day: "{MM}-{dd}", hour: "" },
        },
      },
      yAxis: {
        type: "value", min: data.series.some((each) => each.kind === "bar") ? 0 : undefined, scale: true, splitNumber: 4, splitLine: { lineStyle: { color: ink.rule } },
        axisLabel: { ...text, formatter: UNITS[data.unit] },
      },
      dataZoom: many ? [{ type: "slider", height: 18, bottom: 8, showDetail: false, brushSelect: false }] : [],
      series: data.series.map((each, place) => series(data, each, place, ink)),
    };
  }

  async function draw(figure) {
    const box = figure.querySelector(".canvas");
    const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    if (box.dataset.drawn || !data.days.length) return;
    box.dataset.drawn = "1";
    await echartsReady();
    box.hidden = false;
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", figure.querySelector("figcaption").textContent);
    figure.querySelector("details").open = false;
    const chart = echarts.init(box, null, { renderer: "canvas" });
    const show = () => chart.setOption(options(data, box.clientWidth < 500), true);
    show();
    new ResizeObserver(() => { chart.resize(); show(); }).observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  }

  const drawAll = (root) => root.querySelectorAll("figure.chart").forEach((figure) => draw(figure));
  drawAll(document);
  document.addEventListener("htmx:afterSettle", () => drawAll(document));
})();
