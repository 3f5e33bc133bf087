// A generator that `python -m tf_dcgan export --format=onnx` wrote.

import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs";

// More threads need a server that isolates the page from other origins.
ort.env.wasm.numThreads = 1;

/**
 * Loads a generator that makes images from noise.
 *
 * @param {string} folder the address of the exported folder.
 * @return {Promise<Generator>}
 */
export async function load(folder) {
  const response = await fetch(`${folder}/model.json`);
  if (!response.ok) {
    throw new Error(`${folder}/model.json is not there (${response.status})`);
  }
  const description = await response.json();
  const file = description.files.find((each) => each.format === "onnx");
  if (file === undefined) {
    throw new Error(`${folder} has no ONNX file: export with --format=onnx`);
  }
  if (description.task !== "generation") {
    throw new Error(`${description.run} does not make images from noise`);
  }
  const session = await ort.InferenceSession.create(`${folder}/${file.path}`);
  return new Generator(description, session);
}

class Generator {
  #session;

  constructor(description, session) {
    this.#session = session;
    this.description = description;
    this.latentDim = description.networks[0].inputs[0].shape[1];
    this.classes = description.classes ?? [];
    this.channels = description.image.channels;
    // What is not padding.
    [this.top, this.left, this.height, this.width] = description.content_box;
  }

  /**
   * Makes images.
   *
   * @param {Float32Array[]} latents a vector of `latentDim` standard normal
   *     numbers for each image.
   * @param {number} label the class of all images; a generator without classes
   *     takes none.
   * @return {Promise<ImageData[]>} the images, without padding.
   */
  async images(latents, label = 0) {
    const count = latents.length;
    const flat = new Float32Array(count * this.latentDim);
    latents.forEach((each, place) => flat.set(each, place * this.latentDim));
    const inputs = {
      latents: new ort.Tensor("float32", flat, [count, this.latentDim]),
    };
    if (this.classes.length > 0) {
      const labels = new Int32Array(count).fill(label);
      inputs.labels = new ort.Tensor("int32", labels, [count]);
    }
    const outputs = await this.#session.run(inputs);
    return this.#pictures(outputs.images);
  }

  /** Turns [count, height, width, channels] in [-1, 1] into pictures. */
  #pictures({ data, dims: [count, height, width, channels] }) {
    const pictures = [];
    for (let image = 0; image < count; image++) {
      const picture = new ImageData(this.width, this.height);
      for (let row = 0; row < this.height; row++) {
        for (let column = 0; column < this.width; column++) {
          const source =
            ((image * height + this.top + row) * width + this.left + column) *
            channels;
          const target = (row * this.width + column) * 4;
          for (let colour = 0; colour < 3; colour++) {
            // A gray image has one channel, which all three colours show.
            const value = data[source + (channels === 1 ? 0 : colour)];
            // The array rounds and keeps to 0 … 255.
            picture.data[target + colour] = (value + 1) * 127.5;
          }
          picture.data[target + 3] = 255;
        }
      }
      pictures.push(picture);
    }
    return pictures;
  }
}
