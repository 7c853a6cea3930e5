// What is loaded of an image when it is opened: from the page itself, or from scripts beside it.

const waiting = new Map(),
  loaded = new Map();
const MOST_LOADED = 90e6; // pixels kept in memory

window.phantomLoad = (name, n, value) => {
  const done = waiting.get(`${name}-${n}`);
  if (done) done(value);
};

function fetched(name, n) {
  const inside = el(`${name}-${n}`);
  if (inside) return Promise.resolve(JSON.parse(inside.textContent));
  return new Promise((done, fail) => {
    const script = document.createElement("script");
    const finish = () => {
      waiting.delete(`${name}-${n}`);
      script.remove();
    };
    waiting.set(`${name}-${n}`, value => {
      finish();
      done(value);
    });
    script.src = `${encodeURIComponent(index.folder)}/${name}/${String(n).padStart(6, "0")}.js`;
    script.onerror = () => {
      finish();
      fail(new Error(`${script.getAttribute("src")} is missing: keep the folder beside the page`));
    };
    document.head.append(script);
  });
}

// a small picture: of an image, about a finding, about a mark
const picture = (name, n) =>
  index.folder
    ? `${encodeURIComponent(index.folder)}/${name}/${String(n).padStart(6, "0")}.jpg`
    : index.pictures[name][n];

// low bytes of all pixels, then high ones, deflated, in base64
async function unpacked(text, size) {
  const raw = atob(text),
    packed = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) packed[i] = raw.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const out = new Uint16Array(size);
  for (let i = 0; i < size; i++) out[i] = bytes[i] | (bytes[size + i] << 8);
  return out;
}

// the image at full size and halved again and again, each pixel the mean of the (up to) four it covers
function pyramid(data, columns, rows) {
  const levels = [{ data, columns, rows }];
  for (let above = levels[0]; Math.max(above.columns, above.rows) > 128; above = levels[levels.length - 1]) {
    const w = above.columns,
      h = above.rows,
      u = Math.ceil(w / 2),
      v = Math.ceil(h / 2);
    const from = above.data,
      to = new Uint16Array(u * v);
    for (let y = 0, i = 0; y < v; y++) {
      const a = 2 * y * w,
        b = 2 * y + 1 < h ? a + w : a;
      for (let x = 0; x < u; x++, i++) {
        const p = 2 * x,
          q = p + 1 < w ? p + 1 : p;
        to[i] = (from[a + p] + from[a + q] + from[b + p] + from[b + q] + 2) >> 2;
      }
    }
    levels.push({ data: to, columns: u, rows: v });
  }
  return levels;
}

async function read(n) {
  const columns = images.get("columns", n),
    rows = images.get("rows", n);
  const [facts, text] = await Promise.all([fetched("truth", n), fetched("pixels", n)]);
  const values = await unpacked(text, columns * rows);
  const grains = new Table(facts.grains);
  return { n, columns, rows, values, levels: pyramid(values, columns, rows), grains, ...shapes(n, facts, grains) };
}

// what is drawn of the truth, as paths in pixels of the image
function shapes(n, facts, grains) {
  const byId = new Map(findingsOf(n).map(row => [findings.get("finding_id", row), row]));
  const paths = new Map(findingsOf(n).map(row => [row, new Path2D()])),
    hulls = new Map();
  const findingRow = [];
  for (let g = 0; g < grains.length; g++) {
    const row = byId.get(grains.get("finding_id", g));
    findingRow.push(row === undefined ? -1 : row);
    if (!paths.has(findingRow[g])) paths.set(findingRow[g], new Path2D());
    trace(paths.get(findingRow[g]), facts.outlines[g]);
  }
  findingsOf(n).forEach((row, i) => {
    const path = new Path2D();
    trace(path, facts.hulls[i] || []);
    hulls.set(row, path);
  });
  return { paths, hulls, runs: facts.runs, findingRow };
}

// corners are at pixels' centres and halves between them; a pixel's centre is drawn at its half
function trace(path, corners) {
  for (let i = 0; i < corners.length; i += 2) path[i ? "lineTo" : "moveTo"](corners[i] + 0.5, corners[i + 1] + 0.5);
  if (corners.length) path.closePath();
}

// an image, once; those least lately asked for are let go, except those on screen
function load(n, onScreen = []) {
  const known = loaded.get(n);
  const promise =
    known ||
    read(n).catch(why => {
      loaded.delete(n);
      throw why;
    });
  loaded.delete(n);
  loaded.set(n, promise);
  let size = 0;
  for (const m of [...loaded.keys()].reverse()) {
    size += images.get("columns", m) * images.get("rows", m);
    if (size > MOST_LOADED && m !== n && !onScreen.includes(m)) {
      loaded.get(m).then(renderer.forget.bind(renderer), () => {});
      loaded.delete(m);
    }
  }
  return promise;
}
