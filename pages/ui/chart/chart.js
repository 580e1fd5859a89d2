// A figure is drawn once and changed in place afterwards. Its colours are names; the theme says
// what they are, so that one figure serves light and dark.

const plotly = () =>
  new Promise((resolve) => {
    const look = () => (window.Plotly ? resolve(window.Plotly) : setTimeout(look, 30));
    look();
  });

function rgb(text) {
  const hex = text.trim().match(/^#([0-9a-f]{6})$/i);
  if (hex) return [0, 2, 4].map((i) => parseInt(hex[1].slice(i, i + 2), 16));
  return (text.match(/[\d.]+/g) ?? [255, 255, 255]).slice(0, 3).map(Number);
}

function mix(a, b, share) {
  return `rgb(${a.map((x, i) => Math.round(x + (b[i] - x) * share)).join(",")})`;
}

/** Names of colours -> colours of the theme in force. Series are Okabe and Ito's, safe for the colour-blind. */
function colours(host) {
  const read = (name, or) => rgb(getComputedStyle(host).getPropertyValue(name) || or);
  const paper = read("--st-background-color", "#ffffff");
  const ink = read("--st-text-color", "#222222");
  const dark = paper[0] + paper[1] + paper[2] < 240;
  const series = dark
    ? ["#56b4e9", "#ff9b50", "#2fc79a", "#e3a0cb", "#f0e442", "#c9c9c9", "#9fb4ff"]
    : ["#0067a5", "#c44e00", "#007d5b", "#a8528a", "#8a6d00", "#4d4d4d", "#4053c8"];
  const [plus, minus] = dark ? [[64, 140, 235], [226, 122, 40]] : [[33, 104, 190], [206, 88, 12]];
  return {
    ink: mix(ink, ink, 0), paper: mix(paper, paper, 0), quiet: mix(paper, ink, 0.66), line: mix(paper, ink, 0.16),
    soft: mix(paper, ink, 0.07), accent: getComputedStyle(host).getPropertyValue("--st-primary-color") || "#7b3fa0",
    plus: mix(plus, plus, 0), minus: mix(minus, minus, 0), weak: mix(paper, plus, 0.25), strong: mix(paper, plus, 0.95),
    middle: mix(paper, plus, 0.6),
    ...Object.fromEntries(series.map((c, i) => [`series${i}`, c])),
  };
}

function painted(value, named) {
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map((v) => painted(v, named));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, painted(v, named)]));
  return typeof value === "string" && value.startsWith("--") ? named[value.slice(2)] ?? value : value;
}

const deepened = (base, over) => {
  const out = { ...base, ...over };
  for (const key of Object.keys(base)) {
    const both = base[key] && over[key] && typeof base[key] === "object" && typeof over[key] === "object";
    if (both && !Array.isArray(over[key])) out[key] = deepened(base[key], over[key]);
  }
  return out;
};

/** What every figure has in common: type, quiet axes, no decoration. */
function dressed(layout, host, width) {
  const axis = { gridcolor: "--line", zerolinecolor: "--line", linecolor: "--line", tickfont: { color: "--quiet", size: 13 }, automargin: true };
  const given = Object.keys(layout).filter((k) => /^[xy]axis\d*$/.test(k));
  const axes = Object.fromEntries([...new Set([...given, "xaxis", "yaxis"])].map((k) => [k, axis]));
  const base = {
    ...axes,
    width, height: 300, autosize: false, margin: { l: 50, r: 20, t: 34, b: 40 }, hovermode: "closest",
    font: { color: "--ink", size: 14, family: getComputedStyle(host).getPropertyValue("--st-font") || "sans-serif" },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, dragmode: false,
    hoverlabel: { bgcolor: "--paper", bordercolor: "--quiet", font: { color: "--ink", size: 14 } },
    uirevision: "keep",
  };
  return deepened(base, layout);
}

const charts = new WeakMap();

class Chart {
  constructor(parent) {
    this.host = parent;
    this.node = parent.querySelector(".mlp-chart");
    this.watch = new ResizeObserver(() => this.node.clientWidth !== this.width && this.draw());
    this.watch.observe(this.node);
  }

  async draw() {
    const P = await plotly();
    if (!this.figure || !this.node.clientWidth || !this.node.isConnected) return;
    const { figure, host } = this;
    this.width = this.node.clientWidth;
    const named = colours(host);
    const layout = painted(dressed(figure.layout ?? {}, host, this.width), named);
    // The room is taken before the chart is there, so that nothing below it moves.
    this.node.style.height = `${layout.height}px`;
    await P.react(this.node, painted(figure.data, named), layout, { displayModeBar: false, showTips: false });
    if (!this.listens) {
      this.listens = true;
      this.node.on("plotly_click", ({ points: [point] }) => {
        this.post("click", { x: point.x, y: point.y, trace: point.curveNumber, at: Date.now() });
      });
    }
    this.node.dataset.drawn = String(Number(this.node.dataset.drawn ?? 0) + 1);
    if (!figure.frames) return;
    const signature = JSON.stringify(figure.frames);
    if (signature === this.framed) return;
    this.framed = signature;
    if (this.count) P.deleteFrames(this.node, Array.from({ length: this.count }, (_, i) => i));
    this.count = figure.frames.length;
    await P.addFrames(this.node, painted(figure.frames, named));
  }

  destroy() {
    this.watch.disconnect();
    window.Plotly?.purge(this.node);
  }
}

export default function ({ data, parentElement, setStateValue }) {
  let chart = charts.get(parentElement);
  if (!chart) charts.set(parentElement, (chart = new Chart(parentElement)));
  chart.post = setStateValue;
  chart.figure = data[0].figure;
  chart.node.setAttribute("aria-label", data[0].says);
  chart.draw();
  return () => {
    chart.destroy();
    charts.delete(parentElement);
  };
}
