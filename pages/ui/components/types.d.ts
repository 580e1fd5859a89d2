// The types of what Python sends (the payload), of what the modules make of it, and of what they send back.

/** A position along each axis of a matrix. */
type Index = number[];
/** A part of a matrix: along each axis a position, or null for all of them. */
type Block = (number | null)[];
/** Blocks by the id of their matrix. */
type Blocks = Record<string, Block[]>;
/** A colour as red, green and blue, 0 to 255. */
type Rgb = number[];

/** A parsed cell formula, see `mlpcore.equations.cells`. */
type FormulaNode =
  | string
  | ["size", string]
  | ["ref", operand: number, letters: string, viewed: boolean]
  | ["sum" | "max", letters: string, body: FormulaNode[]];

interface MatrixPayload {
  label: string;
  text: string;
  spoken: string;
  word: string;
  part: string;
  shape: number[];
  row: boolean;
  /** Row by row: numbers with words for NaN and infinity, or base64 of little-endian floats. */
  values: (number | string)[] | { f32?: string; f64?: string };
  editable: boolean;
  /** On a board, whether `values` is a stack with one matrix a frame. */
  stack?: boolean;
  /** The matrix whose zeros strike this one's numbers out. */
  struck?: string;
  /** Of a local derivative: what is derived, by what, and whether its zeros are explained. */
  of?: string;
  by?: string;
  why?: string;
}

/** A matrix with its values decoded; one of a single axis is a row or a column as drawn. */
interface Matrix extends Omit<MatrixPayload, "values"> {
  id: string;
  rows: number;
  cols: number;
  data: Float64Array | Float32Array;
  /** The whole stack, of which `data` is the matrix of the present frame. */
  all?: Float64Array | Float32Array;
}

type Matrices = Record<string, Matrix>;

/** What is needed of an equation to follow its dependency. */
interface Link {
  out: string;
  makes: string;
  operands: string[];
  reads: string[];
  examples?: [number, number] | null;
  text?: string;
}

interface Step extends Link {
  number: number;
  formula: string;
  index: string;
  spoken: string;
  cell: FormulaNode[];
  views: Record<string, { id: string; name: string }>;
  tiles: TileSpec[];
  phase: string;
  recompute: boolean;
  frees: string[];
}

/** How a matrix is drawn in an equation, on the wall or in a line of a board. */
interface TileSpec {
  id: string;
  /** The matrix that is meant: another than `id` where it is seen through a function. */
  of: string;
  slot: string;
  /** The letters that run down and across it. */
  rows: string;
  cols: string;
  turned?: boolean;
  label?: string;
  /** Opens its step. */
  open?: () => void;
  // of a board
  letters?: string;
  sign?: string;
  small?: boolean;
  blocks?: [number, number];
  scale?: string;
  fills?: string;
  only?: boolean;
}

/** How the numbers of a matrix are written (`matrixStyle`). */
interface NumberStyle {
  digits: number;
  cut: string;
  short: boolean;
  power: boolean;
}

/** Sizes that follow from the type in the cells, all in px. */
interface Sizes {
  font: number;
  /** Type of the numbers of rows and columns, and of the name. */
  number: number;
  name: number;
  cw: number;
  ch: number;
  caption: number;
  /** Above a table: its caption and numbers of columns; beside it: numbers of rows, frame, the space to the next. */
  head: number;
  gap: number;
  /** Between two tables. */
  space: number;
}

/** The part of a matrix that is drawn, and its sizes; `plain` without digits. */
interface TileView extends Sizes {
  row: number;
  col: number;
  rows: number;
  cols: number;
  plain?: boolean;
}

/** What the user switched on. */
interface View {
  /** All matrices share one colour scale; else each has its own. */
  oneScale: boolean;
  /** What a pointed cell does not concern steps back. */
  dims: boolean;
  /** The network as nodes and edges. */
  picture: boolean;
  /** Its edges are the gradients of the weights, else the weights. */
  gradients: boolean;
  predicting: boolean;
  presenting: boolean;
}

interface Tile {
  spec: TileSpec;
  view: TileView;
  rows: number;
  cols: number;
  cells: Cell[];
  node: HTMLElement;
  badge: HTMLElement;
  /** What full colour means. */
  scale: HTMLElement;
}

/** What is known of a drawn cell: (r, c) where it is drawn, `index` in its matrix, `key` of what was painted. */
interface CellData {
  tile: Tile;
  id: string;
  of: string;
  index: Index;
  r: number;
  c: number;
  key?: string | null;
}

type Cell = HTMLTableCellElement & { mlp: CellData };

interface GradientCheck {
  verdict: "agrees" | "disagrees" | "not measurable";
  error: string;
  compared: number;
  cells: number;
  skipped: string[];
  skips: number;
  why: string;
  details?: { numerical: (number | string)[]; estimate: (number | string)[]; steps: (number | string)[]; verdicts: string };
}

interface ClaimCheck {
  holds: boolean;
  meant: boolean;
  error: string;
  against: string;
  verdict?: boolean;
  unseen?: number[];
}

interface Line {
  formula?: string;
  strip?: TileSpec[];
  why?: string;
  value?: string;
  numbers?: boolean;
  check?: ClaimCheck;
}

interface Choice {
  name: string;
  label: string;
  chosen: string | string[];
  many?: boolean;
  options: { value: string; label: string; spoken: string; mark?: string }[];
}

/** A layer on the wall: what is given, the forward pass, the backward pass, the update. */
interface Card {
  title: string;
  rows: string[][];
}

/** A number that was typed; `sent` in which message, `after` how many pastes that still wait. */
interface TypedCell {
  id: string;
  index: Index;
  value: number;
  sent: number;
  after: number;
}

/** A text that was pasted into a cell, `turned` where its matrix is drawn transposed. */
interface Paste {
  id: string;
  index: Index;
  turned: boolean;
  text: string;
  stroke: number;
  sent: number;
}

/** What Python answers to the last message of edits it took. */
interface Answer {
  client: string;
  seq: number;
  refused: Refusal[];
}

/** Why a cell keeps its value; `choices` are texts to paste in place of one that can be read in several ways. */
interface Refusal {
  id: string;
  index: Index;
  why?: string;
  message?: string;
  turned?: boolean;
  choices?: { label: string; text: string }[];
}

/** What the browser is to keep of the work. */
interface Kept {
  session: string;
  link: string | null;
  doc: string | null;
  undo: number;
  redo: number;
  /** How often there was something to say, and what. */
  says: [number, string];
}

interface PayloadBase {
  example: string;
  answer: Answer | null;
  parts: Record<string, string>;
  checks: Record<string, GradientCheck>;
  cursor: { rev: number; step: number; frame: number };
  cards: Card[];
  /** The computed matrices that a learner's can be checked against. */
  checkable?: string[];
  look: string;
  choices: Choice[];
  /** By how much the loss changes when what a held cell of a gradient is about grows by 0.01; where Python answers. */
  held?: { id: string; index: Index; change: number } | null;
  // of a board
  arrangement: string;
  legible?: boolean;
  room?: number;
  lines: Line[];
  knob?: { of: string; label: string; low: number; high: number; step: number } | null;
  frame: { letters: string; sizes: number[]; have: [number, number]; at: number; says: string; legend?: string; reads?: string };
}

/** What Python sends a stage. Which of it is there depends on its kind. */
interface Payload extends PayloadBase {
  kind: "player" | "wall" | "board" | "silent";
  keep: Kept;
  matrices: Record<string, MatrixPayload>;
  steps: Omit<Step, "number">[];
  chain?: Link[];
}

/** The payload as the modules read it. */
interface Model extends PayloadBase {
  matrices: Matrices;
  steps: Step[];
  /** The first step that makes a matrix. */
  maker: Record<string, Step>;
  chain: Link[];
  texts: Record<string, string>;
}

/** What is highlighted: a cell, what it comes from and what it feeds; `held` is a pinned one that a pointed one covers. */
interface CellHighlight {
  id: string | null;
  /** The matrix that is drawn there: a view of `id`, such as relu'(S_1), or `id` itself. */
  shown?: string;
  index: Index;
  from: Blocks;
  fed: Blocks;
  pinned?: boolean;
  held?: CellHighlight | null;
}

/** Sizes of one step: what is drawn of each axis, null for all; where its result stands, null where that differs. */
interface StepSizes extends Sizes {
  /** The width of a cell of the result, and of what stands above it. */
  cells: number;
  stacked: boolean;
  shown: Record<string, number> | null;
  place: { left: number; top: number } | null;
}

interface ThemeColours {
  background: Rgb;
  dark: boolean;
  plus: Rgb;
  minus: Rgb;
}

/** Sends an event to Python. */
type Post = (name: string, value: object) => void;

/** What Streamlit hands a component. */
interface Component<Data> {
  data: Data;
  parentElement: HTMLElement & { host?: HTMLElement };
  setStateValue: (name: string, value: unknown) => void;
}

/** What the page keeps of the work, shared by its components. */
interface PageStorage {
  session: string | null;
  link: string | null;
  doc: string | null;
  undo: number;
  redo: number;
  /** How many messages of Python were shown. */
  messages: number;
  /** The cell that is held, on whatever page. */
  held?: (Place & { example: string }) | null;
  restoredTo?: string;
  writes?: number[];
  writeTimer?: Timer;
  serverStart?: string;
  watching?: boolean;
  stage?: import("./stage/js/stage.js").Stage;
}


/** Rows and columns to go. */
type Move = [down: number, across: number];
/** Where letters stand. */
type Letters = Record<string, number | null>;
/** A cell of a matrix, drawn or not; `id` is another than `of` where it is seen through a function. */
type Place = Pick<CellData, "id" | "of" | "index">;

/** Width and height in px of each part of a drawn product, and the width of a cell of its middle. */
interface Extent {
  left: number;
  middle: number;
  right: number;
  top: number;
  bottom: number;
  cells: number;
}

type Timer = ReturnType<typeof setTimeout>;

interface PlotlyFigure {
  data: Record<string, any>[];
  layout?: Record<string, any>;
  narrow?: Record<string, any>;
  play?: { steps: number; ends: number; pairs: [number, number][] };
  drops?: number[];
}

/** The node of a chart, to which Plotly adds the layout in force. */
type PlotNode = HTMLElement & { layout: Record<"xaxis" | "yaxis", { range: [number, number] }> };

declare var mlpscopeStorage: PageStorage | undefined;

interface Window {
  Plotly?: any;
}
