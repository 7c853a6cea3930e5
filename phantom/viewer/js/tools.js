// What pointers do on an image: window, ruler, magnifier, pointing and pinning. Moving and zooming is d3's.

const CLICK = 4; // a pointer that moves less has clicked

function listen(pane) {
  const ink = pane.ink,
    down = new Map();
  let begun = null;
  const place = event => {
    const box = ink.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  ink.addEventListener("contextmenu", event => event.preventDefault());
  ink.addEventListener("focus", () => {
    focused = panes.indexOf(pane);
  });
  ink.addEventListener("pointerdown", event => {
    ink.focus({ preventScroll: true });
    focused = panes.indexOf(pane);
    down.set(event.pointerId, event);
    const [x, y] = place(event);
    if (down.size > 1) {
      begun = null;
      return;
    } // a pinch
    const doing = event.button === 2 ? "window" : event.button || event.shiftKey ? "move" : tool;
    begun = { x, y, doing, moved: false, center: pane.center, width: pane.width, ruler: pane.ruler };
    pane.pointer = [x, y];
    if (doing !== "move" || on.lens) {
      try {
        ink.setPointerCapture(event.pointerId);
      } catch {
        /* made by a program */
      }
    }
    drawSoon();
  });
  ink.addEventListener("pointermove", event => {
    const [x, y] = place(event);
    pane.pointer = [x, y];
    if (begun && Math.hypot(x - begun.x, y - begun.y) > CLICK) begun.moved = true;
    if (begun && begun.moved && begun.doing === "window") {
      // a drag across the image goes through the whole range
      setWindow(pane, begun.center + 4 * (y - begun.y), begun.width + 8 * (x - begun.x));
    } else if (begun && begun.moved && begun.doing === "ruler") {
      pane.ruler = [...pane.at(begun.x, begun.y), ...pane.at(x, y)];
      report(pane);
    } else if (!begun) report(pane);
    if (on.lens || (begun && begun.moved)) drawSoon();
  });
  const finish = event => {
    down.delete(event.pointerId);
    if (begun && !begun.moved && event.type === "pointerup" && !event.button) {
      if (begun.doing === "ruler") pane.ruler = null;
      report(pane);
      pin(pane);
    }
    begun = null;
    if (event.type === "pointercancel") pane.pointer = null;
    drawSoon();
  };
  ink.addEventListener("pointerup", finish);
  ink.addEventListener("pointercancel", finish);
  ink.addEventListener("pointerleave", event => {
    if (!begun && event.pointerType === "mouse") {
      pane.pointer = null;
      drawSoon();
    }
  });
  ink.addEventListener("dblclick", () => {
    const [x, y] = pane.at(...pane.pointer);
    if (pane.t.k < 0.999) pane.lookAt(x, y, 1);
    else act.fit();
  });
}

// a window of one image, and the same change for those linked to it
function setWindow(pane, center, width) {
  const [up, wider] = [center - pane.center, Math.max(width, 2) - pane.width];
  for (const other of on.link ? panes : [pane]) {
    other.center += up;
    other.width = Math.max(other.width + wider, 2);
  }
  showWindow(pane);
  drawSoon();
}

// the finding that is clicked is pinned: its facts stay, and the other views light it too
function pin(pane) {
  if (!pane.pointer) return;
  const [x, y] = pane.at(...pane.pointer),
    [grain] = pane.grainsUnder(Math.floor(x), Math.floor(y));
  const row = grain === undefined ? pane.findingUnder(x, y) : pane.image.findingRow[grain];
  stay = true; // what is pointed at is in sight
  go({
    image: images.get("image_id", pane.n),
    finding: row === undefined || row < 0 ? "" : String(findings.get("finding_id", row)),
    at: "",
  });
  stay = false;
}
