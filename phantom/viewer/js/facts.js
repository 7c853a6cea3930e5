// The side panel: findings to jump to, facts of the image and of the finding, what is under the pointer, the legend.

const UNITS = { mm: "mm", deg: "°", mgy: "mGy", mg: "mg", kv: "kV", mm2: "mm²", px: "px" };
const NAMES = {
  image_id: "image",
  birads_density: "BI-RADS density",
  dprime: "d′",
  dprime_structured: "d′ against structure",
  sdnr: "SDNR",
  mgd_mgy: "mean glandular dose",
  n_visible: "visible calcifications",
  n_calcifications: "calcifications",
  n_findings: "findings",
  category: "BI-RADS category",
  class: "class",
  finding_id: "finding",
  calcification_id: "calcification",
  z_mm: "height above the support",
  calcium_mg: "calcium",
  mas: "tube load",
  tube_kv: "tube voltage",
};
function label(name) {
  if (NAMES[name]) return NAMES[name];
  const parts = name.split("_");
  if (UNITS[parts[parts.length - 1]]) parts.pop();
  return parts.join(" ");
}
function cell(name, value) {
  const unit = UNITS[name.split("_").pop()];
  return (
    number(value) +
    (unit && typeof value === "number"
      ? (unit === "°" ? "" : " ") + unit
      : name === "mas" && typeof value === "number"
        ? " mAs"
        : name === "age"
          ? " years"
          : "")
  );
}
function rowsOf(table, row, names) {
  return names
    .filter(name => table.has(name) && table.get(name, row) !== null && table.get(name, row) !== "")
    .map(name =>
      make("tr", {}, make("th", { scope: "row" }, label(name)), make("td", {}, cell(name, table.get(name, row)))),
    );
}
const facts = (title, rows) => make("table", {}, make("caption", {}, title), make("tbody", {}, ...rows));

const IMAGE_FACTS = [
  "image_id",
  "class",
  "n_findings",
  "n_calcifications",
  "birads_density",
  "density",
  "age",
  "thickness_mm",
  "detector",
  "pixel_spacing_mm",
  "rows",
  "columns",
  "target_filter",
  "tube_kv",
  "mas",
  "mgd_mgy",
  "angle_deg",
  "magnification",
  "split",
  "woman_id",
  "source",
];
const FINDING_FACTS = [
  "finding_id",
  "kind",
  "cause",
  "descriptor",
  "distribution",
  "category",
  "class",
  "pathology",
  "n_calcifications",
  "n_visible",
  "extent_mm",
  "dprime",
  "calcium_mg",
];
const GRAIN_FACTS = [
  "calcification_id",
  "kind",
  "material",
  "diameter_mm",
  "extent_mm",
  "thickness_mm",
  "contrast",
  "sdnr",
  "dprime",
  "dprime_structured",
  "z_mm",
  "mass_mg",
];

// the pinned finding: its id within its case, and its row in the image that is open
function pinned() {
  if (query.finding === undefined || query.finding === "") return null;
  const n = imageNumbers.get(query.image);
  if (n === undefined) return null;
  const id = Number(query.finding),
    row = findingsOf(n).find(one => findings.get("finding_id", one) === id);
  return { id, case: images.get("case", n), n, row: row === undefined ? null : row };
}

function verdicts(row) {
  return detectors
    .filter(one => one.found(row).all)
    .map(one => {
      const { all, hit } = one.found(row),
        fate = hit ? "hit" : "missed";
      return make(
        "span",
        { class: "verdict " + fate },
        `${detectors.length > 1 ? one.letter + " " : ""}${hit ? `✓ ${hit} of ${all}` : "✗ missed"}`,
      );
    });
}

function showFindings() {
  const n = imageNumbers.get(query.image),
    lit = pinned(),
    rows = findingsOf(n);
  const list = rows.map(row => {
    const id = findings.get("finding_id", row),
      chosen = lit !== null && lit.id === id;
    const button = make(
      "button",
      { class: "finding " + findings.get("class", row), "aria-pressed": String(chosen), "data-finding": String(id) },
      make("b", {}, words(findings.get("kind", row))),
      ` ${findings.get("category", row)} · ${number(findings.get("extent_mm", row))} mm · d′ ${number(findings.get("dprime", row))} `,
      ...verdicts(row),
    );
    button.onclick = () => go({ finding: chosen ? "" : String(id), at: "" });
    return make("li", {}, button);
  });
  el("findings").replaceChildren(...(list.length ? list : [make("li", {}, "none")]));
  el("image-facts").replaceChildren(facts("Image", rowsOf(images, n, IMAGE_FACTS)));
  el("finding-facts").replaceChildren(
    ...(lit && lit.row !== null ? [facts("Finding, pinned", rowsOf(findings, lit.row, FINDING_FACTS))] : []),
  );
}

// the finding in the middle, as large as is useful; linked images at the same scale: those that show it there too
function jump(row) {
  const id = findings.get("finding_id", row),
    kase = images.get("case", findings.get("image", row)),
    first = active();
  const there = pane =>
    findingsOf(pane.n).find(one => findings.get("finding_id", one) === id && images.get("case", pane.n) === kase);
  const middle = (pane, one, k) =>
    pane.put(k, pane.w / 2 - (findings.get("x_px", one) + 0.5) * k, pane.h / 2 - (findings.get("y_px", one) + 0.5) * k);
  const across = Math.max(findings.get("box_w_px", row), findings.get("box_h_px", row), 8);
  const k = Math.min(Math.max((0.45 * Math.min(first.w, first.h)) / across, first.fitting), 3);
  middle(first, row, k);
  linkFrom(first);
  for (const pane of panes) {
    const one = there(pane),
      same = group(pane.n, ["laterality", "view"]) === group(first.n, ["laterality", "view"]);
    if (pane !== first && one !== undefined && !(same && on.link)) middle(pane, one, (k / first.pitch) * pane.pitch);
  }
  drawSoon();
}

let pointed = null;
function report(pane) {
  const [x, y] = pane.at(...pane.pointer),
    column = Math.floor(x),
    row = Math.floor(y),
    value = pane.value(column, row);
  pointed = value === null ? null : { image_id: images.get("image_id", pane.n), column, row, value };
  const length = pane.ruler ? ` · ruler ${rulerLength(pane).toFixed(2)} mm` : "";
  el("status").textContent =
    (value === null ? "outside the image" : `x ${column}, y ${row} · value ${value}`) +
    ` · ${Math.round(100 * pane.t.k)} %` +
    length;
  const under = value === null ? [] : pane.grainsUnder(column, row);
  el("under").replaceChildren(
    ...under.slice(0, 2).map(g => facts("Calcification under the pointer", rowsOf(pane.image.grains, g, GRAIN_FACTS))),
  );
}
const showWindow = pane => {
  el("window").textContent = `window ${Math.round(pane.center)} ± ${Math.round(pane.width / 2)}`;
};
