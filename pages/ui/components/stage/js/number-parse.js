// A number as a person types it. Whole blocks of numbers are parsed by Python.

import { MINUS } from "./number-format.js";
import { clipText } from "./wording.js";

/** Whether a text has a separator of cells. @param {string} text */
export function hasSeveral(text) {
  return /[\n;[\\]|\S[\s,]+\S/.test(text.trim());
}

/**
 * @param {string} text
 * @returns {{ value: number, why?: undefined } | { value?: undefined, why: string }} the number, or why it is none
 */
export function parseNumber(text) {
  const typed = text.trim().replaceAll(MINUS, "-");
  if (typed === "") return { why: "nothing was typed" };
  if (/^[+-]?(nan|inf(inity)?|\u221e)$/i.test(typed)) return { why: `${text.trim()} is not a finite number` };
  const plain = /^[+-]?\d*,\d+(e[+-]?\d+)?$/i.test(typed) ? typed.replace(",", ".") : typed;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return { why: `\u201c${clipText(text)}\u201d is not a number` };
  const value = Number(plain);
  if (!Number.isFinite(value)) return { why: `${clipText(text)} is too large: numbers here end at 1.8e308` };
  return { value };
}
