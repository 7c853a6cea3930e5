// Pixels to grey on the graphics processor: 16-bit values stay whole numbers until the window is applied.
// First the part of the image that is seen is resampled to the screen's pixels and kept; then the window turns it to
// grey. A change of window is the second step alone.

const VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }`;

// texels: the side of a pixel of the screen in those of the level. how: 0 the mean over that square, each texel counting
// as much of it as it covers; 1 bilinear; 2 the texel itself. Sixteenths of a grey value, row 0 at the top.
const RESAMPLE = `#version 300 es
precision highp float; precision highp int; precision highp usampler2D;
uniform usampler2D level; uniform ivec2 size; uniform vec2 origin; uniform float texels; uniform int how;
out uvec4 value;
float at(ivec2 p) { return float(texelFetch(level, clamp(p, ivec2(0), size - 1), 0).r); }
void main() {
  vec2 c = (gl_FragCoord.xy - origin) * texels;
  float v = 0.0;
  if (how == 0) {
    vec2 a = c - 0.5 * texels, b = c + 0.5 * texels, p = floor(a);
    vec3 x = max(min(vec3(b.x), p.x + vec3(1, 2, 3)) - max(vec3(a.x), p.x + vec3(0, 1, 2)), 0.0);
    vec3 y = max(min(vec3(b.y), p.y + vec3(1, 2, 3)) - max(vec3(a.y), p.y + vec3(0, 1, 2)), 0.0);
    ivec2 q = ivec2(p);
    for (int j = 0; j < 3; j++) v += y[j] * (x.x * at(q + ivec2(0, j)) + x.y * at(q + ivec2(1, j)) + x.z * at(q + ivec2(2, j)));
    v /= texels * texels;
  } else if (how == 2) v = at(ivec2(c));
  else {
    vec2 d = c - 0.5, f = fract(d);
    ivec2 p = ivec2(floor(d));
    v = mix(mix(at(p), at(p + ivec2(1, 0)), f.x), mix(at(p + ivec2(0, 1)), at(p + ivec2(1, 1)), f.x), f.y);
  }
  value = uvec4(uint(v * 16.0 + 0.5), 0u, 0u, 0u);
}`;

const TONE = `#version 300 es
precision highp float; precision highp int; precision highp usampler2D;
uniform usampler2D seen; uniform ivec2 corner; uniform float height, low, span; uniform bool invert; uniform vec3 lens;
out vec4 colour;
void main() {
  vec2 pixel = vec2(gl_FragCoord.x, height - gl_FragCoord.y);
  if (lens.z > 0.0 && distance(pixel, lens.xy) > lens.z) discard;
  float grey = clamp((float(texelFetch(seen, ivec2(pixel) - corner, 0).r) / 16.0 - low) / span, 0.0, 1.0);
  colour = vec4(vec3(invert ? 1.0 - grey : grey), 1.0);
}`;

// the window as DICOM has it (PS3.3 C.11.2.1.2.1): grey is (v - low) / span
const windowOf = tone => {
  const span = Math.max(tone.width - 1, 1);
  return { low: tone.center - 0.5 - span / 2, span };
};

// the level whose texels are the largest not above a pixel of the screen
function levelFor(levels, scale) {
  const depth = Math.min(Math.max(Math.floor(Math.log2(1 / scale) + 1e-9), 0), levels.length - 1);
  return { depth, texels: 1 / (scale * 2 ** depth) };
}

// the pixels of the screen that an image covers, of those of a part [x, y, width, height]
function covered(part, origin, scale, image) {
  const from = [0, 1].map(i => Math.max(part[i], Math.ceil(origin[i] - 0.5)));
  const to = [0, 1].map(i =>
    Math.min(part[i] + part[i + 2], Math.ceil(origin[i] + (i ? image.rows : image.columns) * scale - 0.5)),
  );
  return [...from, Math.max(to[0] - from[0], 0), Math.max(to[1] - from[1], 0)];
}

const MOST_KEPT = 12;

class GpuRenderer {
  constructor(canvas) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", {
      alpha: false,
      antialias: false,
      depth: false,
      powerPreference: "high-performance",
    });
    if (!this.gl) throw new Error("WebGL 2 is not to be had");
    canvas.addEventListener("webglcontextlost", event => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.prepare();
      drawSoon();
    });
    this.prepare();
  }
  prepare() {
    const gl = this.gl;
    this.textures = new Map(); // of an image, by level
    this.kept = new Map(); // what was resampled, by the part of the canvas
    this.resample = this.program(RESAMPLE, ["size", "origin", "texels", "how"]);
    this.tone = this.program(TONE, ["corner", "height", "low", "span", "invert", "lens"]);
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.frame = gl.createFramebuffer();
    this.largest = gl.getParameter(gl.MAX_TEXTURE_SIZE);
  }
  program(fragment, names) {
    const gl = this.gl,
      program = gl.createProgram();
    for (const [kind, text] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, fragment],
    ]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
      throw new Error(gl.getProgramInfoLog(program));
    return { program, ...Object.fromEntries(names.map(name => [name, gl.getUniformLocation(program, name)])) };
  }
  newTexture() {
    const gl = this.gl,
      texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const [name, value] of [
      ["MIN_FILTER", gl.NEAREST],
      ["MAG_FILTER", gl.NEAREST],
      ["WRAP_S", gl.CLAMP_TO_EDGE],
      ["WRAP_T", gl.CLAMP_TO_EDGE],
    ]) {
      gl.texParameteri(gl.TEXTURE_2D, gl["TEXTURE_" + name], value);
    }
    return texture;
  }
  // a level's texture, made when it is first needed
  bindLevel(image, depth) {
    const gl = this.gl,
      known = this.textures.get(image.n) || [],
      level = image.levels[depth];
    this.textures.set(image.n, known);
    if (known[depth]) {
      gl.bindTexture(gl.TEXTURE_2D, known[depth]);
      return;
    }
    known[depth] = this.newTexture();
    gl.texImage2D(
      gl.TEXTURE_2D,
      0,
      gl.R16UI,
      level.columns,
      level.rows,
      0,
      gl.RED_INTEGER,
      gl.UNSIGNED_SHORT,
      level.data,
    );
  }
  forget(image) {
    for (const texture of this.textures.get(image.n) || []) if (texture) this.gl.deleteTexture(texture);
    this.textures.delete(image.n);
  }
  forgetKept() {
    for (const { texture } of this.kept.values()) this.gl.deleteTexture(texture);
    this.kept.clear();
  }
  begin(width, height) {
    const gl = this.gl;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.forgetKept();
    }
    if (this.kept.size > MOST_KEPT) this.forgetKept();
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST);
  }
  // part: [x, y, width, height] of the canvas; origin and scale: where the image's corner lies and how large its pixels
  // are, in pixels of the screen; lens: [x, y, radius] to draw within, or null; quick: less well, while it moves
  draw(image, part, origin, scale, tone, lens = null, quick = false) {
    const gl = this.gl,
      shown = covered(part, origin, scale, image),
      [x, y, w, h] = shown;
    if (!w || !h) return;
    gl.bindTexture(gl.TEXTURE_2D, this.seen(image, shown, origin, scale, tone.sharp, `${lens ? "lens" : part}`, quick));
    const { low, span } = windowOf(tone),
      at = this.tone;
    gl.useProgram(at.program);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.scissor(x, this.canvas.height - y - h, w, h);
    gl.uniform2i(at.corner, x, y);
    gl.uniform1f(at.height, this.canvas.height);
    gl.uniform1f(at.low, low);
    gl.uniform1f(at.span, span);
    gl.uniform1i(at.invert, tone.invert);
    gl.uniform3f(at.lens, ...(lens || [0, 0, 0]));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
  // the image resampled to what is shown of it; as it was, if nothing has moved
  seen(image, [x, y, w, h], origin, scale, sharp, name, quick) {
    const gl = this.gl,
      what = [image.n, x, y, w, h, ...origin, scale, sharp, quick].join(),
      kept = this.kept.get(name) || {};
    if (kept.what === what) return kept.texture;
    this.kept.set(name, kept);
    if (!kept.texture || kept.w !== w || kept.h !== h) {
      if (kept.texture) gl.deleteTexture(kept.texture);
      Object.assign(kept, { texture: this.newTexture(), w, h });
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R32UI, w, h);
    }
    kept.what = what;
    let { depth, texels } = levelFor(image.levels, scale);
    while (Math.max(image.levels[depth].columns, image.levels[depth].rows) > this.largest) {
      depth++;
      texels /= 2;
    }
    this.bindLevel(image, depth);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, kept.texture, 0);
    gl.viewport(0, 0, w, h);
    gl.scissor(0, 0, w, h);
    gl.useProgram(this.resample.program);
    gl.uniform2i(this.resample.size, image.levels[depth].columns, image.levels[depth].rows);
    gl.uniform2f(this.resample.origin, origin[0] - x, origin[1] - y);
    gl.uniform1f(this.resample.texels, texels);
    gl.uniform1i(this.resample.how, quick || (sharp && texels < 1) ? 2 : texels > 1.001 ? 0 : 1);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    return kept.texture;
  }
  // the grey of one pixel of the canvas, right after it is drawn
  grey(x, y) {
    const out = new Uint8Array(4);
    this.gl.readPixels(x, this.canvas.height - 1 - y, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, out);
    return out[0];
  }
}
