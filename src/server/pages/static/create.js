// The form for a new picture: examples, the search in styles, dropping an image, and what the browser remembers.

const form = document.getElementById("create");
const field = (name) => form.elements.namedItem(name);

/* Examples fill in the sentence. */
form.addEventListener("click", (event) => {
  const example = event.target.closest("[data-example]");
  if (!example) return;
  event.preventDefault();
  const prompt = field("prompt");
  prompt.value = example.textContent.trim();
  prompt.focus();
});

/* Return draws; Shift and Return begin a line. */
field("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

/* Nobody asks twice by a double click. */
form.addEventListener("submit", (event) => {
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  remember();
  keepWords();
});
window.addEventListener("pageshow", () => { delete form.dataset.sent; });

/* Styles */
const styles = document.getElementById("styles");
const search = document.getElementById("style-search");

function showChosen() {
  const chosen = [...styles.querySelectorAll("input:checked")].map((box) => box.value);
  document.getElementById("styles-chosen").textContent = chosen.length ? `chosen: ${chosen.join(", ")}` : "";
}

function searchStyles() {
  const wanted = search.value.trim().toLowerCase();
  let found = 0;
  for (const group of styles.querySelectorAll(".style-group")) {
    let here = 0;
    for (const chip of group.querySelectorAll(".chip")) {
      const words = `${chip.textContent} ${chip.title}`.toLowerCase();
      chip.hidden = wanted !== "" && !words.includes(wanted);
      if (!chip.hidden) here += 1;
    }
    group.hidden = here === 0;
    group.dataset.open ??= String(group.open);
    group.open = wanted !== "" || group.dataset.open === "true";
    found += here;
  }
  document.getElementById("style-none").hidden = found > 0;
  if (wanted === "") for (const group of styles.querySelectorAll(".style-group")) delete group.dataset.open;
}

if (styles) {
  styles.addEventListener("change", showChosen);
  search?.addEventListener("input", searchStyles);
  search?.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
}

/* The image to start from */
const file = document.getElementById("image");
const drop = document.getElementById("drop");
const preview = document.getElementById("preview");
const problem = document.getElementById("image-problem");
const kept = form.querySelector(".start-kept input");

function showImage() {
  const picture = preview.querySelector("img");
  if (picture.src) URL.revokeObjectURL(picture.src);
  picture.removeAttribute("src");
  let chosen = file.files[0];
  problem.hidden = true;
  if (chosen && chosen.size > Number(file.dataset.most)) {
    problem.textContent = `${chosen.name} is larger than 20 MB. Choose a smaller image, or save it as a JPEG.`;
    problem.hidden = false;
    file.value = "";
    chosen = undefined;
  }
  preview.hidden = !chosen;
  if (chosen) picture.src = URL.createObjectURL(chosen);
  form.classList.toggle("has-image", Boolean(chosen) || Boolean(kept?.checked));
}

file.addEventListener("change", showImage);
kept?.addEventListener("change", showImage);
preview.querySelector("button").addEventListener("click", () => {
  file.value = "";
  showImage();
  file.focus();
});
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files);
});
window.addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));

/** Chooses the first image of some files. */
function take(files) {
  const image = [...files].find((given) => given.type.startsWith("image/"));
  if (!image) return;
  const transfer = new DataTransfer();
  transfer.items.add(image);
  file.files = transfer.files;
  showImage();
}

/* The last settings: all but the sentences, the seed and the image. */
const KEY = "text2art.settings";
const CHOICES = ["drawer", "quality", "aspect", "style", "palette", "outline", "upscale", "products"];
const TEXTS = ["iterations", "own_colors", "colors"];
const forget = document.getElementById("forget");

function remember() {
  const all = new FormData(form);
  const settings = {};
  for (const name of CHOICES) settings[name] = all.getAll(name);
  for (const name of TEXTS) settings[name] = all.get(name);
  if (settings.aspect[0] === "retain") delete settings.aspect;
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing remembers nothing.
  }
}

function recall() {
  let settings;
  try {
    settings = JSON.parse(localStorage.getItem(KEY));
  } catch {
    return;
  }
  if (!settings || typeof settings !== "object") return;
  for (const name of CHOICES) {
    const values = settings[name];
    if (!Array.isArray(values)) continue;
    const boxes = [...form.querySelectorAll(`[name="${name}"]`)];
    // What the server does not offer any longer stays as the server says.
    if (boxes[0]?.type === "radio" && !boxes.some((box) => values.includes(box.value))) continue;
    for (const box of boxes) box.checked = values.includes(box.value);
  }
  for (const name of TEXTS) if (typeof settings[name] === "string") field(name).value = settings[name];
  forget.hidden = false;
}

/* Whoever comes back finds the words again. They are kept for this tab alone. */
const WORDS = "text2art.words";

function keepWords() {
  const words = { prompt: field("prompt").value, negative: field("negative").value };
  try {
    sessionStorage.setItem(WORDS, JSON.stringify(words));
  } catch {
    // Then they are typed again.
  }
}

function findWords() {
  if (performance.getEntriesByType("navigation")[0]?.type !== "back_forward") return;
  try {
    const words = JSON.parse(sessionStorage.getItem(WORDS));
    for (const name of ["prompt", "negative"]) if (words?.[name] && !field(name).value) field(name).value = words[name];
  } catch {
    // Nothing was kept.
  }
}

forget.addEventListener("click", () => {
  localStorage.removeItem(KEY);
  location.assign("/");
});

/* What is wrong is where one goes on. */
form.querySelector("[aria-invalid=true]")?.focus();

if ("remembers" in form.dataset) {
  recall();
  findWords();
}
if (styles) showChosen();
showImage();
