"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const token = document.getElementById("script").dataset.token;
const element = (id) => document.getElementById(id);
const concepts = ["a", "b", "c"];
// Point → the canvas with its image, for each concept in the order of clicks.
const collected = { a: new Map(), b: new Map(), c: new Map() };
let active = "a";
let timer = null; // Of the frames of the walk.
let waiting = null; // Until a person has finished clicking.
let newest = {}; // The number of the newest request for each picture.

const value = (id, otherwise = "") =>
  element(id) ? element(id).value : otherwise;
const source = () => value("source", "seed");
const seed = () => value("seed") || "0";

function view() {
  const query = { seed: seed(), source: source() };
  if (facts.classes.length) query.label = value("label");
  for (const name of concepts) query[name] = [...collected[name].keys()].join(",");
  query.frames = value("frames") || "12";
  query.method = value("method");
  query.loop = String(element("loop").checked);
  query.rescale = String(element("rescale").checked);
  return query;
}

function tell(text) {
  element("trouble").textContent = text;
  element("trouble").hidden = !text;
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {
      ...options,
      headers: { "X-Explore-Token": token },
    });
  } catch {
    throw new Error("The program has ended: start it again in the terminal.");
  }
  if (!response.ok) {
    let told = { error: response.statusText };
    try { told = await response.json(); } catch { /* No words came. */ }
    throw new Error(told.error);
  }
  return response;
}

// Asks for a picture; of several answers only the newest one counts.
async function picture(path, act) {
  const number = (newest[path] = (newest[path] || 0) + 1);
  const query = new URLSearchParams(view());
  try {
    const response = await ask(`${path}?${query}`);
    const bitmap = await createImageBitmap(await response.clone().blob());
    if (number !== newest[path]) return;
    tell("");
    act(bitmap, response);
  } catch (error) {
    if (number === newest[path]) tell(error.message);
  }
}

function cut(bitmap, place) {
  const canvas = document.createElement("canvas");
  canvas.width = facts.width;
  canvas.height = facts.height;
  const left = (place % facts.columns) * facts.width;
  const top = Math.floor(place / facts.columns) * facts.height;
  canvas.getContext("2d").drawImage(
    bitmap, left, top, facts.width, facts.height, 0, 0, facts.width, facts.height
  );
  return canvas;
}

const owner = (point) => concepts.find((name) => collected[name].has(point));

function drawTiles(bitmap) {
  const tiles = element("tiles");
  const ofFile = source() === "file";
  const count = ofFile ? facts.file_count : facts.tiles;
  const start = ofFile ? facts.file : seed();
  tiles.replaceChildren();
  for (let place = 0; place < count; place += 1) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.point = `${start}:${place}`;
    button.append(cut(bitmap, place));
    const number = document.createElement("span");
    number.textContent = place;
    button.append(number, document.createElement("em"));
    button.addEventListener("click", () => toggle(button));
    tiles.append(button);
  }
  mark();
}

function mark() {
  for (const button of element("tiles").children) {
    const name = owner(button.dataset.point);
    button.className = name || "";
    button.querySelector("em").textContent = name ? name.toUpperCase() : "";
    button.setAttribute("aria-pressed", String(Boolean(name)));
    const number = button.querySelector("span").textContent;
    button.setAttribute(
      "aria-label", `sample ${number}${name ? `, in ${name.toUpperCase()}` : ""}`
    );
  }
  for (const name of concepts) {
    const shown = [...collected[name]].map(([point, image]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = `take ${point} out of ${name.toUpperCase()}`;
      const text = document.createElement("span");
      const [start, number] = [point.slice(0, point.lastIndexOf(":")),
        point.slice(point.lastIndexOf(":") + 1)];
      text.textContent = start === facts.file ? `file ${number}` : point;
      button.append(image, text);
      button.addEventListener("click", () => {
        collected[name].delete(point);
        changed();
      });
      return button;
    });
    element(`collected_${name}`).replaceChildren(...shown);
  }
}

function toggle(button) {
  const point = button.dataset.point;
  const name = owner(point);
  if (name) collected[name].delete(point);
  if (name !== active) {
    if (collected[active].size >= facts.most_points) {
      tell(`${active.toUpperCase()} has ${facts.most_points} images already.`);
    } else {
      const copy = document.createElement("canvas");
      copy.width = facts.width;
      copy.height = facts.height;
      copy.getContext("2d").drawImage(button.querySelector("canvas"), 0, 0);
      collected[active].set(point, copy);
    }
  }
  changed();
}

function changed() {
  mark();
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 120);
}

function show(id, bitmap) {
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  canvas.toBlob((blob) => {
    const image = element(id);
    if (image.src) URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(blob);
    image.hidden = false;
  });
}

function hide(path, ...ids) {
  newest[path] = (newest[path] || 0) + 1; // What is under way comes too late.
  for (const id of ids) element(id).hidden = true;
}

function refresh() {
  const sizes = concepts.map((name) => collected[name].size);
  const canWalk = sizes.reduce((sum, size) => sum + size, 0) > 1;
  const canAdd = sizes.every((size) => size > 0);
  element("save_walk").disabled = !canWalk;
  element("save_arithmetic").disabled = !canAdd;
  element("walk_note").hidden = canWalk;
  element("arithmetic_note").hidden = canAdd;
  if (canWalk) {
    picture("/walk.png", (bitmap) => show("walk", bitmap));
    picture("/frames.png", (bitmap, response) =>
      play(bitmap, Number(response.headers.get("X-Frames"))));
  } else {
    hide("/walk.png", "walk");
    hide("/frames.png", "player");
    clearInterval(timer);
  }
  if (canAdd) picture("/arithmetic.png", (bitmap) => show("arithmetic", bitmap));
  else hide("/arithmetic.png", "arithmetic");
}

function play(bitmap, count) {
  const place = element("place");
  place.max = count - 1;
  place.value = Math.min(Number(place.value), count - 1);
  const draw = () => element("canvas").getContext("2d").drawImage(
    bitmap, 0, Number(place.value) * facts.height, facts.width, facts.height,
    0, 0, facts.width, facts.height
  );
  place.oninput = () => { pause(true); draw(); };
  clearInterval(timer);
  timer = setInterval(() => {
    if (element("play").getAttribute("aria-pressed") !== "true") return;
    place.value = (Number(place.value) + 1) % count;
    draw();
  }, 100);
  draw();
  element("player").hidden = false;
}

function pause(isPaused) {
  element("play").setAttribute("aria-pressed", String(!isPaused));
  element("play").textContent = isPaused ? "play" : "pause";
}

function choose(name) {
  active = name;
  for (const radio of document.querySelectorAll("[data-concept]")) {
    radio.setAttribute("aria-checked", String(radio.dataset.concept === name));
  }
}

async function save(kind) {
  try {
    const response = await ask("/save", {
      method: "POST",
      body: JSON.stringify({ ...view(), kind }),
    });
    const told = await response.json();
    const line = document.createElement("li");
    line.textContent = told.files.join(", ");
    const command = document.createElement("code");
    command.textContent = told.command;
    line.append(command);
    element("saved").prepend(line);
    tell("");
  } catch (error) {
    tell(error.message);
  }
}

function newGrid() {
  element("save_grid").disabled = source() === "file";
  picture("/tiles.png", drawTiles);
}

function toSeed(number) {
  const last = facts.largest_seed;
  element("seed").value = Math.max(0, Math.min(last, number));
  if (element("source")) element("source").value = "seed";
  newGrid();
  refresh();
}

element("seed").addEventListener("change", () => toSeed(Number(seed())));
element("previous").addEventListener("click", () => toSeed(Number(seed()) - 1));
element("next").addEventListener("click", () => toSeed(Number(seed()) + 1));
element("other").addEventListener("click", () =>
  toSeed(crypto.getRandomValues(new Uint32Array(1))[0] % 100000));
if (element("source")) element("source").addEventListener("change", newGrid);
if (element("label")) {
  element("label").addEventListener("change", () => {
    // The latents stay; they are shown as images of the other class.
    newGrid();
    refresh();
  });
}
for (const id of ["frames", "method", "loop", "rescale"]) {
  element(id).addEventListener("change", refresh);
}
for (const kind of ["grid", "walk", "arithmetic"]) {
  element(`save_${kind}`).addEventListener("click", () => save(kind));
}
element("play").addEventListener("click", () =>
  pause(element("play").getAttribute("aria-pressed") === "true"));
for (const radio of document.querySelectorAll("[data-concept]")) {
  radio.addEventListener("click", () => choose(radio.dataset.concept));
}
for (const button of document.querySelectorAll("[data-clear]")) {
  button.addEventListener("click", () => {
    collected[button.dataset.clear].clear();
    changed();
  });
}
document.addEventListener("keydown", (event) => {
  const isTyped = ["INPUT", "SELECT"].includes(event.target.tagName);
  const isPlain = !(event.ctrlKey || event.altKey || event.metaKey);
  if (isPlain && !isTyped && concepts.includes(event.key)) choose(event.key);
});
newGrid();
