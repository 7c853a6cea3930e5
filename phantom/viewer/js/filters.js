// Which images, findings and marks are listed, and in which order.

// query key: [label, table, column]
const CHOICES = {
  kind: ["Kind", findings, "kind"],
  class: ["Class", images, "class"],
  pathology: ["Pathology", findings, "pathology"],
  descriptor: ["Descriptor", findings, "descriptor"],
  category: ["BI-RADS", findings, "category"],
  view: ["View", images, "view"],
  side: ["Side", images, "laterality"],
  density: ["Density", images, "birads_density"],
  variant: ["Variant", images, "variant"],
  split: ["Split", images, "split"],
};
const RANGES = { size: ["Size, mm", "extent_mm"], dprime: ["d′", "dprime"] };
const PLAIN = "plain"; // the variant of a view that has none

const listed = () =>
  query.list === "findings" || (query.list === "marks" && detectors.length) ? query.list : "images";
const range = key => (query[key] || "").split("..").map(text => (text === "" ? null : Number(text)));

const chosen = (key, table, row) => !query[key] || String(table.get(CHOICES[key][2], row) || PLAIN) === query[key];
const ofImage = ["view", "side", "density", "variant", "split"],
  ofFinding = ["kind", "pathology", "descriptor", "category"];
function imageChosen(n) {
  if (query.q && !images.get("image_id", n).toLowerCase().includes(query.q.toLowerCase())) return false;
  return ofImage.every(key => chosen(key, images, n)) && (listed() === "findings" || chosen("class", images, n));
}
function findingChosen(row) {
  return (
    ofFinding.every(key => chosen(key, findings, row)) &&
    Object.entries(RANGES).every(([key, [, column]]) => {
      const [low, high] = range(key),
        value = findings.get(column, row);
      return (
        (low === null || low === undefined || value >= low) && (high === null || high === undefined || value <= high)
      );
    })
  );
}
const asksFindings = () => [...ofFinding, ...Object.keys(RANGES)].some(key => query[key]);
const falseWith = (n, what) =>
  detectors
    .filter(one => !what || what.includes("false" + one.d) || !what.includes("false"))
    .some(one => one.marksOf(n).some(i => one.fate(i) === "false" && one.shown(i) && one.cause(i) === query.cause));

// the list: images and findings as their numbers, marks as [detector, number]
function items() {
  const list = listed(),
    what = query.marks || "",
    needs = asksFindings() || asks(what).some(([fate]) => fate !== "false");
  const there = d3.range(images.length).filter(imageChosen);
  if (list === "findings") {
    return there
      .filter(n => asks(what).every(([fate, one]) => fate !== "false" || one.counts.false[n]))
      .flatMap(findingsOf)
      .filter(
        row =>
          findingChosen(row) &&
          findingPasses(row, what) &&
          (!query.class || findings.get("class", row) === query.class),
      );
  }
  const passing = there.filter(
    n => (!needs || findingsOf(n).some(row => findingChosen(row) && findingPasses(row, what))) && imagePasses(n, what),
  );
  if (list === "images") return query.cause ? passing.filter(n => falseWith(n, what)) : passing;
  const wanted = asks(what),
    only = wanted.length === 1 && wanted[0][0] !== "missed" ? wanted[0] : null;
  return passing.flatMap(n =>
    (only ? [only[1]] : detectors).flatMap(one =>
      one
        .marksOf(n)
        .filter(
          i => one.shown(i) && (!only || one.fate(i) === only[0]) && (!query.cause || one.cause(i) === query.cause),
        )
        .map(i => [one, i]),
    ),
  );
}

const best = (n, column, pick) => pick(findingsOf(n), row => findings.get(column, row));
// name: [label, key of an item, from the largest?]
function orders() {
  const list = listed(),
    each = (name, text, key) =>
      detectors.map(one => [
        `${name}${one.d}`,
        [text + (detectors.length > 1 ? `, ${one.letter}` : ""), key(one), true],
      ]);
  if (list === "findings") {
    const column = name => row => findings.get(name, row);
    return {
      "": ["as in the tables", null],
      small: ["smallest first", column("extent_mm")],
      large: ["largest first", column("extent_mm"), true],
      faint: ["lowest d′ first", column("dprime")],
      clear: ["highest d′ first", column("dprime"), true],
      many: ["most calcifications", column("n_calcifications"), true],
      kind: ["kind", column("kind")],
      category: ["BI-RADS", column("category"), true],
      ...Object.fromEntries(
        each("clearmiss", "clearest misses", one => row => (one.missed(row) ? findings.get("dprime", row) : -1)),
      ),
    };
  }
  if (list === "marks")
    return {
      "": ["highest score first", ([one, i]) => one.marks.score[i], true],
      low: ["lowest score first", ([one, i]) => one.marks.score[i]],
      cause: ["cause", ([one, i]) => one.cause(i)],
      image: ["image", null],
    };
  return {
    "": ["as in the tables", null],
    many: ["most calcifications", n => images.get("n_calcifications", n), true],
    findings: ["most findings", n => images.get("n_findings", n), true],
    large: ["largest finding", n => best(n, "extent_mm", d3.max), true],
    small: ["smallest finding", n => best(n, "extent_mm", d3.min)],
    faint: ["lowest d′", n => best(n, "dprime", d3.min)],
    dense: ["densest", n => images.get("density", n), true],
    ...Object.fromEntries([
      ...each("false", "most false marks", one => n => one.counts.false[n]),
      ...each("missed", "most missed", one => n => one.counts.missed[n]),
    ]),
  };
}
function sorted(all) {
  const [, key, falling] = orders()[query.sort || ""] || orders()[""];
  if (!key) return all;
  const last = falling ? -Infinity : Infinity,
    compare = falling ? d3.descending : d3.ascending;
  // each key once: there may be many items
  const keys = all.map(item => key(item) ?? last);
  return d3
    .range(all.length)
    .sort((a, b) => compare(keys[a], keys[b]) || a - b)
    .map(i => all[i]);
}

function filterForm() {
  const form = el("filters"),
    field = (text, ...inputs) => make("label", {}, make("span", {}, text), ...inputs);
  const choose = (key, text, options) => {
    const select = make("select", { id: "f-" + key });
    select.append(new Option("all", ""), ...options.map(([value, name]) => new Option(name, value)));
    select.onchange = () => go({ [key]: select.value });
    return field(text, select);
  };
  const search = make("input", { id: "f-q", type: "search", placeholder: "000012" });
  search.oninput = () => go({ q: search.value.trim() });
  form.append(field("Image", search));
  if (detectors.length)
    form.append(
      choose("marks", "Marks", MARK_FILTERS),
      choose(
        "cause",
        "False marks at",
        [...new Set(detectors.flatMap(one => one.marks.cause.words))]
          .filter(Boolean)
          .sort()
          .map(word => [word, words(word)]),
      ),
    );
  for (const [key, [text, table, column]] of Object.entries(CHOICES)) {
    const values = table.values(column);
    if (values.length < 2 && key !== "kind" && key !== "variant") continue;
    if (key === "variant" && !values.length) continue;
    form.append(
      choose(key, text, [
        ...(key === "variant" ? [[PLAIN, "plain view"]] : []),
        ...values.map(value => [String(value), key === "variant" ? variantName(value) : words(String(value))]),
      ]),
    );
  }
  for (const [key, [text, column]] of Object.entries(RANGES)) {
    if (!findings.has(column)) continue;
    const [low, high] = ["from", "to"].map(end =>
      make("input", {
        type: "number",
        step: "any",
        min: "0",
        id: `f-${key}-${end}`,
        placeholder: end,
        "aria-label": `${text} ${end}`,
      }),
    );
    low.oninput = high.oninput = () =>
      go({ [key]: low.value === "" && high.value === "" ? "" : `${low.value}..${high.value}` });
    form.append(make("fieldset", {}, make("legend", {}, text), low, high));
  }
  const sort = make("select", { id: "f-sort" });
  sort.onchange = () => go({ sort: sort.value });
  form.append(field("Sort", sort));
  const clear = make("button", { type: "button", id: "clear" }, "Clear filters");
  clear.onclick = () => go(Object.fromEntries(FILTER_KEYS.map(key => [key, ""])));
  form.append(clear);
  form.onsubmit = event => event.preventDefault();
}
const FILTER_KEYS = ["q", "marks", "cause", "sort", ...Object.keys(CHOICES), ...Object.keys(RANGES)];

// the form shows what the query asks for
function showFilters() {
  el("f-sort").replaceChildren(...Object.entries(orders()).map(([value, [text]]) => new Option(text, value)));
  for (const key of ["q", "marks", "cause", "sort", ...Object.keys(CHOICES)]) {
    const control = el("f-" + key);
    if (control && document.activeElement !== control) control.value = query[key] || "";
  }
  for (const key of Object.keys(RANGES))
    ["from", "to"].forEach((end, i) => {
      const control = el(`f-${key}-${end}`);
      if (control && document.activeElement !== control) control.value = (query[key] || "..").split("..")[i];
    });
  el("f-sort").value = query.sort in orders() ? query.sort : "";
  el("clear").disabled = !FILTER_KEYS.some(key => query[key]);
}
