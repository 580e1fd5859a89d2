// A figure is drawn once and changed in place afterwards. Its colours are names; the theme says
// what they are, so that one figure serves light and dark.

import { poles, rgb } from "../shared/colours.js";
import { el, setAttributes } from "../shared/dom.js";
import { adoptStyle, growth, loadStyle } from "../shared/style.js";

const plotly = () =>
  new Promise((resolve) => {
    const poll = () => (window.Plotly ? resolve(window.Plotly) : setTimeout(poll, 30));
    poll();
  });

/**
 * @param {Rgb} a
 * @param {Rgb} b
 * @param {number} share
 */
function mix(a, b, share) {
  return `rgb(${a.map((x, i) => Math.round(x + (b[i] - x) * share)).join(",")})`;
}

/**
 * Names of colours -> colours of the theme in force. Series are Okabe and Ito's, safe for the colour-blind.
 *
 * @param {Element} host
 * @returns {Record<string, string>}
 */
function figureColours(host) {
  /** @type {(name: string, or: string) => Rgb} */
  const read = (name, or) => rgb(getComputedStyle(host).getPropertyValue(name) || or);
  const paper = read("--st-background-color", "#ffffff");
  const ink = read("--st-text-color", "#222222");
  const dark = paper[0] + paper[1] + paper[2] < 240;
  const series = dark
    ? ["#56b4e9", "#ff9b50", "#2fc79a", "#e3a0cb", "#f0e442", "#c9c9c9", "#9fb4ff"]
    : ["#0067a5", "#c44e00", "#007d5b", "#a8528a", "#8a6d00", "#4d4d4d", "#4053c8"];
  const [plus, minus] = poles(dark);
  return {
    ink: mix(ink, ink, 0), paper: mix(paper, paper, 0), quiet: mix(paper, ink, 0.66), line: mix(paper, ink, 0.16),
    soft: mix(paper, ink, 0.07), accent: getComputedStyle(host).getPropertyValue("--st-primary-color") || "#7b3fa0",
    plus: mix(plus, plus, 0), minus: mix(minus, minus, 0), weak: mix(paper, plus, 0.25), strong: mix(paper, plus, 0.95),
    middle: mix(paper, plus, 0.6),
    ...Object.fromEntries(series.map((c, i) => [`series${i}`, c])),
  };
}

/**
 * What a figure says, each word and number changed; `change` is given the name of its field as well. Rows of numbers
 * are long and stay as they are, but for sizes.
 *
 * @param {any} value
 * @param {(leaf: any, name: string) => any} change
 * @param {string} [name]
 * @returns {any}
 */
function mapLeaves(value, change, name = "") {
  // A stop of a colour scale begins with a number too.
  if (Array.isArray(value)) return typeof value.at(-1) === "number" && name !== "size" ? value : value.map((v) => mapLeaves(v, change, name));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mapLeaves(v, change, k)]));
  return change(value, name);
}

/** @type {<F>(figure: F, named: Record<string, string>) => F} */
const resolveColours = (figure, named) => mapLeaves(figure, (x) => (typeof x === "string" && x.startsWith("--") ? named[x.slice(2)] ?? x : x));

/** What is given in pixels: of type and marks, of the whole, its margins, and shifts. */
const PIXELS = ["size", "height", "l", "r", "t", "b", "xshift", "yshift", "standoff"];

/** All sizes, so many times as large. @type {<F>(figure: F, by: number) => F} */
const enlarge = (figure, by) => (by === 1 ? figure : mapLeaves(figure, (x, name) => (typeof x === "number" && PIXELS.includes(name) ? x * by : x)));

/** @type {(base: Record<string, any>, over: Record<string, any>) => Record<string, any>} */
const mergeDeep = (base, over) => {
  const out = { ...base, ...over };
  for (const key of Object.keys(base)) {
    const both = base[key] && over[key] && typeof base[key] === "object" && typeof over[key] === "object";
    if (both && !Array.isArray(over[key])) out[key] = mergeDeep(base[key], over[key]);
  }
  return out;
};

/**
 * What every figure has in common: type, quiet axes, no decoration.
 *
 * @param {Record<string, any>} layout
 * @param {Element} host
 * @param {number} width
 */
function withDefaults(layout, host, width) {
  // Whether a tick's words stick out is not looked at: measuring each took a third of a drawing.
  const axis = { ticklabeloverflow: "allow", gridcolor: "--line", zerolinecolor: "--line", linecolor: "--line", tickfont: { color: "--quiet", size: 13 }, title: { font: { size: 13, color: "--quiet" } } };
  const given = Object.keys(layout).filter((k) => /^[xy]axis\d*$/.test(k));
  const axes = Object.fromEntries([...new Set([...given, "xaxis", "yaxis"])].map((k) => [k, axis]));
  const base = {
    ...axes,
    width, height: 300, autosize: false, margin: { l: 58, r: 20, t: 34, b: 40 }, hovermode: "closest",
    font: { color: "--ink", size: 14, family: getComputedStyle(host).getPropertyValue("--st-font") || "sans-serif" },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, dragmode: false,
    hoverlabel: { bgcolor: "--paper", bordercolor: "--quiet", font: { color: "--ink", size: 14 } },
    uirevision: "keep",
  };
  return mergeDeep(base, layout);
}

const style = await loadStyle(new URL("./chart.css", import.meta.url));
const PLAY = "Play the descent";
const REACH = 14; // pixels from the middle of a dot
/** @type {WeakMap<HTMLElement, Chart>} */
const charts = new WeakMap();

/**
 * The pixel of a value and the value at a pixel, on a linear axis that leads from `start` to `end`.
 *
 * @param {[number, number]} range
 * @param {number} start
 * @param {number} end
 */
const scale = ([low, high], start, end) => ({
  pixel: (/** @type {number} */ value) => start + ((value - low) / (high - low)) * (end - start),
  value: (/** @type {number} */ pixel) => low + ((pixel - start) / (end - start)) * (high - low),
});

class Chart {
  /** @type {PlotlyFigure} */
  figure;
  /** @type {Post} */
  post;
  /** @type {Record<string, any>[]} with its colours */
  curves = [];
  signature = "";
  width = 0;
  outdated = false;
  /** @type {Promise<void> | null} */
  drawing = null;
  /** @type {Timer | undefined} */
  timer;
  /** @type {Timer | undefined} */
  endTimer;

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.host = parent;
    this.node = /** @type {PlotNode} */ (parent.querySelector(".mlp-chart"));
    this.button = el("button", "", PLAY);
    this.button.onclick = () => this.toggle();
    this.slider = setAttributes(el("input"), { type: "range", min: 0, step: 1, "aria-label": "Progress" });
    this.slider.oninput = () => {
      this.pause();
      this.show(Number(this.slider.value));
    };
    this.words = el("output");
    this.bar = el("div", "mlp-play", this.button, this.slider, this.words);
    this.bar.hidden = true;
    this.node.before(this.bar);
    this.resizeObserver = new ResizeObserver(() => this.node.clientWidth !== this.width && this.draw());
    this.resizeObserver.observe(this.node);
    this.node.addEventListener("pointerdown", (event) => this.onPointerDown(event), true);
  }

  /** One drawing at a time: Plotly's own take a while, and a second one begun meanwhile trips over the first. */
  draw() {
    this.outdated = true;
    this.drawing ??= this.drawAll().finally(() => (this.drawing = null));
  }

  async drawAll() {
    while (this.outdated) {
      this.outdated = false;
      await this.drawOnce();
    }
  }

  async drawOnce() {
    if (!this.figure || !this.node.clientWidth || !this.node.isConnected) return;
    const { figure, host } = this;
    this.width = this.node.clientWidth;
    const named = figureColours(host);
    // As the page's type grows with the window, a chart's does.
    const larger = growth();
    const narrow = this.width < 500 * larger ? figure.narrow ?? {} : {};
    const layout = resolveColours(enlarge(withDefaults(mergeDeep(figure.layout ?? {}, narrow), host, this.width), larger), named);
    // The room is taken before the chart is there, so that nothing below it moves.
    Object.assign(this.node.style, { height: `${layout.height}px`, minHeight: "" });
    const P = await plotly();
    if (this.outdated || !this.node.isConnected) return;
    // Curves that are the very same object are left as they are: a line that moves over them costs a quarter.
    const signature = JSON.stringify([figure.data, named, larger]);
    if (this.signature !== signature) Object.assign(this, { signature, curves: resolveColours(enlarge(figure.data, larger), named) });
    await P.react(this.node, this.curves, layout, { displayModeBar: false, showTips: false });
    this.node.dataset.drawn = String(Number(this.node.dataset.drawn ?? 0) + 1);
    this.bar.hidden = !figure.play;
    if (figure.play) this.show(figure.play.steps);
  }

  // --- a map: its dots can be dragged, and the chosen one goes where it is clicked ---------------

  /** @param {PointerEvent} event */
  onPointerDown(event) {
    const plot = this.node.querySelector(".nsewdrag")?.getBoundingClientRect();
    /** @type {(v: number, low: number, size: number) => boolean} */
    const inside = (v, low, size) => v >= low && v <= low + size;
    if (!this.figure?.drops || event.button || !plot) return;
    if (!inside(event.clientX, plot.x, plot.width) || !inside(event.clientY, plot.y, plot.height)) return;
    const { xaxis, yaxis } = this.node.layout;
    const across = scale(xaxis.range, plot.left, plot.right);
    const upward = scale(yaxis.range, plot.bottom, plot.top);
    const trace = this.curves.length - 1;
    /** @type {{ x: number[], y: number[] }} */
    const { x, y } = /** @type {any} */ (this.curves[trace]);
    /** @type {(e: PointerEvent, k: number) => number} */
    const off = (e, k) => Math.hypot(across.pixel(x[k]) - e.clientX, upward.pixel(y[k]) - e.clientY);
    const near = x.map((_, k) => k).filter((k) => off(event, k) < REACH).sort((a, b) => off(event, a) - off(event, b));
    const own = near.length ? { example: this.figure.drops[near[0]] } : {};
    const gesture = new AbortController();
    let moved = false;
    let at = { x: 0, y: 0 };
    /** @param {PointerEvent} e */
    const move = (e) => {
      moved ||= Math.hypot(e.clientX - event.clientX, e.clientY - event.clientY) > 4;
      at = { x: across.value(e.clientX), y: upward.value(e.clientY) };
      if (!near.length || !moved) return;
      const shown = [x.with(near[0], at.x), y.with(near[0], at.y)];
      this.signature = ""; // the curves that are there are no longer those of the figure
      window.Plotly.restyle(this.node, { x: [shown[0]], y: [shown[1]] }, [trace]);
    };
    /** @param {PointerEvent} e */
    const up = (e) => {
      gesture.abort();
      move(e);
      if (near.length && !moved) this.post("drop", { ...own, at: Date.now() });
      else if (near.length || !moved) this.post("drop", { ...own, ...at, at: Date.now() });
    };
    addEventListener("pointermove", move, gesture);
    addEventListener("pointerup", up, gesture);
    addEventListener("pointercancel", () => gesture.abort(), gesture);
  }

  // --- a figure that plays: pairs of a line that grows and a point at its end ----------------

  toggle() {
    if (this.timer) return this.pause();
    this.button.textContent = "Pause";
    this.showEnds(false);
    const { steps = 0 } = this.figure.play ?? {};
    let at = Number(this.slider.value) >= steps ? 0 : Number(this.slider.value);
    // About four seconds for the whole way, however many steps it has.
    this.timer = setInterval(() => {
      at += Math.max(1, Math.round(steps / 100));
      this.show(Math.min(at, steps));
      if (at >= steps) this.pause();
    }, 40);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.button.textContent = PLAY;
    if (this.figure?.play) this.showEnds(true);
  }

  /** The result stays hidden until it is reached. @param {boolean} visible */
  showEnds(visible) {
    const ends = Array.from({ length: this.figure.play?.ends ?? 0 }, (_, k) => [`annotations[${k}].visible`, visible]);
    window.Plotly.relayout(this.node, Object.fromEntries(ends));
  }

  /** @param {number} step */
  show(step) {
    const { data, play } = this.figure;
    const { steps = 0, pairs = [] } = play ?? {};
    Object.assign(this.slider, { max: steps, value: step });
    this.words.textContent = `step ${step} of ${steps}`;
    const lines = pairs.map(([line]) => data[line]);
    /** @param {"x" | "y"} axis */
    const cut = (axis) => lines.flatMap((t) => [t[axis].slice(0, step + 1), [t[axis][step]]]);
    window.Plotly.restyle(this.node, { x: cut("x"), y: cut("y") }, pairs.flat());
  }

  destroy() {
    this.resizeObserver.disconnect();
    clearInterval(this.timer);
    window.Plotly?.purge(this.node);
  }
}

/** @param {Component<Uint8Array>} component */
export default function ({ data, parentElement, setStateValue }) {
  adoptStyle(parentElement, style);
  let chart = charts.get(parentElement);
  clearTimeout(chart?.endTimer);
  if (!chart) charts.set(parentElement, (chart = new Chart(parentElement)));
  chart.post = setStateValue;
  const { figure, says } = JSON.parse(new TextDecoder().decode(data));
  chart.figure = figure;
  chart.node.setAttribute("aria-label", says);
  chart.draw();
  // While data comes in quickly, Streamlit cleans up and calls again at once: then nothing has gesture.
  return () => {
    chart.endTimer = setTimeout(() => {
      chart.destroy();
      charts.delete(parentElement);
    });
  };
}
