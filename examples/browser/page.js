// The page: sliders over a walk between latent vectors.

import { load } from "./generator.js";
import { spherical, standardNormal } from "./latents.js";

const STOPS = 5; // Latent vectors that a walk goes through.
const STRIP = 9; // Pictures of the whole walk below the sliders.
const SECONDS_PER_WALK = 8;

const element = (id) => document.getElementById(id);

class Page {
  constructor(generator) {
    this.generator = generator;
    this.isBusy = false;
    this.isDue = false;
    for (const id of ["position", "length", "class"]) {
      element(id).addEventListener("input", () => this.draw());
    }
    element("seed").addEventListener("input", () => this.draw());
    element("play").addEventListener("click", () => this.play());
    this.describe();
  }

  describe() {
    const { description, classes } = this.generator;
    document.title = description.run;
    element("name").textContent = description.run;
    const step = description.step.toLocaleString("en");
    element("origin").textContent =
      `${description.recipe}, step ${step}, ` +
      `trained on ${description.trained_on[0].dataset}`;
    element("class-row").hidden = classes.length === 0;
    classes.forEach((name, number) => {
      element("class").add(new Option(name, number));
    });
    element("position").max = STOPS - 1;
  }

  /** Returns the latent vector at a place of the walk, from 0 to STOPS - 1. */
  latents(position) {
    const seed = Number(element("seed").value) * STOPS;
    const first = Math.min(Math.floor(position), STOPS - 2);
    const [start, end] = [first, first + 1].map((stop) =>
      standardNormal(seed + stop, this.generator.latentDim),
    );
    const factor = Number(element("length").value);
    return spherical(start, end, position - first).map(
      (value) => factor * value,
    );
  }

  /** Draws the picture and the strip; the last call wins over those before. */
  async draw() {
    this.isDue = true;
    if (this.isBusy) return;
    this.isBusy = true;
    while (this.isDue) {
      this.isDue = false;
      await this.#drawOnce();
    }
    this.isBusy = false;
  }

  async #drawOnce() {
    const position = Number(element("position").value);
    const label = Number(element("class").value);
    const walk = Array.from({ length: STRIP }, (_, place) =>
      this.latents((place * (STOPS - 1)) / (STRIP - 1)),
    );
    const started = performance.now();
    const pictures = await this.generator.images(
      [this.latents(position), ...walk],
      label,
    );
    const passed = (performance.now() - started) / pictures.length;
    show(element("picture"), [pictures[0]]);
    show(element("strip"), pictures.slice(1));
    element("position-value").textContent = position.toFixed(2);
    element("length-value").textContent = Number(
      element("length").value,
    ).toFixed(2);
    element("time").textContent = `${passed.toFixed(1)} ms an image`;
    document.body.dataset.state = "ready";
  }

  /** Moves the slider along the walk once. */
  play() {
    const started = performance.now();
    const move = async (now) => {
      const share = (now - started) / 1000 / SECONDS_PER_WALK;
      element("position").value = Math.min(1, share) * (STOPS - 1);
      await this.draw();
      if (share < 1) requestAnimationFrame(move);
    };
    requestAnimationFrame(move);
  }
}

/** Draws pictures of one size side by side. */
function show(canvas, pictures) {
  const { width, height } = pictures[0];
  canvas.width = width * pictures.length;
  canvas.height = height;
  const context = canvas.getContext("2d");
  pictures.forEach((picture, place) => {
    context.putImageData(picture, place * width, 0);
  });
}

try {
  const page = new Page(await load("model"));
  await page.draw();
} catch (error) {
  element("error").textContent = error.message;
  element("error").hidden = false;
  document.body.dataset.state = "failed";
}
