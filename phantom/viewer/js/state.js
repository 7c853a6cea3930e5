// What is looked at stands in the address after #, so that links and the back button work.

let query = {},
  panes = [],
  renderer;
const on = { invert: false, lens: false, outlines: true, labels: false, marks: true, link: true, sharp: false };
let tool = "move",
  focused = 0;

const readQuery = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const hashOf = what => "#" + new URLSearchParams(what).toString();

let settling = 0;
// other values for some of the query's keys ("" takes one away); `push` makes a step that the back button returns from
function go(changes, push = false) {
  const next = { ...query, ...changes };
  for (const [key, value] of Object.entries(next))
    if (value === "" || value === null || value === undefined) delete next[key];
  clearTimeout(settling);
  // a step back leads to what was asked for last
  if (push && settling) history.replaceState(null, "", hashOf(query));
  settling = 0;
  query = next;
  if (push) history.pushState(null, "", hashOf(query));
  // browsers allow so many changes of the address a second, and a slider makes more
  else
    settling = setTimeout(() => {
      settling = 0;
      history.replaceState(null, "", hashOf(query));
    }, 200);
  apply();
}

let asked = false;
function drawSoon() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    drawAll();
  });
}

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node && typeof value !== "string") node[name] = value;
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}
