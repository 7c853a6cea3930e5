"use strict";
// The page's index: tables of images and findings, column by column, and what the detectors did.

const el = id => document.getElementById(id);
const index = JSON.parse(el("index").textContent);

class Table {
  constructor(packed) {
    this.length = packed.length;
    this.columns = packed.columns;
  }
  has(name) {
    return name in this.columns;
  }
  get(name, row) {
    const cells = this.columns[name];
    if (cells === undefined) return null;
    return Array.isArray(cells) ? cells[row] : cells.words[cells.codes[row]];
  }
  // the different values of a column, sorted
  values(name) {
    const cells = this.columns[name];
    if (cells === undefined) return [];
    const all = Array.isArray(cells) ? [...new Set(cells)] : cells.words;
    return all.filter(v => v !== null && v !== "").sort(d3.ascending);
  }
}

const images = new Table(index.images),
  findings = new Table(index.findings);
const imageNumbers = new Map();
for (let n = 0; n < images.length; n++) imageNumbers.set(images.get("image_id", n), n);

// rows of a table by the image they belong to: first[n] to first[n + 1]
function byImage(column, length) {
  const first = new Int32Array(images.length + 1);
  for (let i = 0; i < length; i++) first[column[i] + 1]++;
  for (let n = 0; n < images.length; n++) first[n + 1] += first[n];
  return first;
}
const findingsFrom = findings.length
  ? byImage(findings.columns.image, findings.length)
  : new Int32Array(images.length + 1);
const findingsOf = n => d3.range(findingsFrom[n], findingsFrom[n + 1]);

// images of one breast in one examination, and of one view through time and variants
const group = (n, names) => names.map(name => images.get(name, n)).join("|");
const groups = names => d3.group(d3.range(images.length), n => group(n, names));
const lazily = make => {
  let made;
  return () => (made === undefined ? (made = make()) : made);
};
const examOf = lazily(() => groups(["case", "variant"]));
const sameView = lazily(() => groups(["case", "laterality", "view"]));

const VIEW_ORDER = ["CC", "MLO", "ML"];
const SIDE_ORDER = ["R", "L"];
const isWhole = n => !images.get("patch", n) && (images.get("magnification", n) || 1) === 1;
const spacing = n => images.get("pixel_spacing_mm", n) || 1;

const words = text => (text || "").replaceAll("_", " ");
function number(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return words(String(value));
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(digits)));
}
