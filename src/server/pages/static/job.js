// The page of a job: the picture grows while it is drawn. What a job looks like in each state, the server writes; this module
// asks for that again when the state changes, and moves the numbers between two such moments.

import { localTimes } from "./page.js";
import { ENDED, decoded, follow, json, page, place, swap, time } from "./live.js";

/** How often the numbers are said to those who hear the page, in parts of the picture. */
const SAID_PARTS = 4;

const id = document.getElementById("job")?.dataset.job;
/** The shape of the page, and the job as it was heard of last: the page may be older. */
let known = "";
let latest = null;
let said = "";
let renewing = false;

/** What makes the server write the page in another way. */
const shape = (job) => [job.state, job.cancel, job.failures].join();

function say(text) {
  if (text !== said) {
    said = text;
    document.getElementById("said").textContent = text;
  }
}

function fill(name, text) {
  const element = document.getElementById(name);
  if (element && element.textContent !== text) element.textContent = text;
  const row = element?.closest("[data-row]");
  if (row) row.hidden = text === "";
}

/** Shows a job. Returns whether more can change. */
function show(job) {
  latest = job;
  if (known !== shape(job)) {
    renew();
  } else if (job.state === "queued") {
    showPlace(job);
  } else if (job.state === "running") {
    showProgress(job);
  }
  return !ENDED.includes(job.state);
}

function showPlace(job) {
  const begins = job.starts_in === undefined ? "" : `, about ${time(job.starts_in)}`;
  fill("place", place(job) + begins);
  fill("ready", job.ends_in === undefined ? "" : `about ${time(job.ends_in)}`);
  say(`Waiting: ${place(job)}`);
}

function showProgress(job) {
  const bar = document.getElementById("bar");
  const [done, all] = [job.iteration ?? 0, job.iterations ?? 0];
  if (bar && all > 0) {
    bar.max = all;
    bar.value = done;
    const part = Math.floor((100 * done) / all);
    document.title = document.title.replace(/^(\d+% · )?/, `${part}% · `);
    const step = Math.floor((SAID_PARTS * done) / all);
    if (step > 0) say(`Drawing: ${(step * 100) / SAID_PARTS} percent`);
  }
  document.getElementById("loading")?.toggleAttribute("hidden", job.iteration !== undefined);
  fill("iteration", all > 0 ? `${done} of ${all}` : "");
  fill("fit", job.fit === undefined ? "" : job.fit.toFixed(2));
  fill("left", job.ends_in === undefined ? "" : `about ${time(job.ends_in)}`);
  if (job.preview) showPreview(job.preview);
}

function showPreview(address) {
  const image = document.querySelector("#picture img");
  if (image) {
    swap(image, address);
    return;
  }
  const frame = document.querySelector("#picture .frame");
  if (!frame) return;
  const first = new Image(Number(frame.dataset.width), Number(frame.dataset.height));
  first.alt = frame.getAttribute("aria-label");
  first.className = frame.dataset.kind;
  first.src = address;
  first.decode().then(() => { if (frame.isConnected) frame.replaceWith(first); }, () => {});
}

/** Asks the server for the page as it is now, and puts it in the place of this one. */
async function renew() {
  if (renewing) return;
  renewing = true;
  try {
    const next = await page(location.pathname);
    const now = next?.getElementById("job");
    if (!now) {
      gone();
      return;
    }
    await decoded(now);
    const before = document.getElementById("job");
    const focused = before.contains(document.activeElement) ? document.activeElement.id || "heading" : "";
    for (const open of before.querySelectorAll("details[open][id]")) {
      now.querySelector(`#${open.id}`)?.setAttribute("open", "");
    }
    const adopted = document.importNode(now, true);
    localTimes(adopted);
    before.replaceWith(adopted);
    if (focused) (document.getElementById(focused) ?? document.getElementById("heading")).focus({ preventScroll: true });
    document.title = next.title;
    known = adopted.dataset.shape;
    say(adopted.dataset.said);
    renewing = false;
    // The state may have changed once more meanwhile, maybe for the last time.
    if (known !== shape(latest)) refresh();
  } catch {
    setTimeout(() => { renewing = false; renew(); }, 2_000);
  }
}

async function refresh() {
  try {
    show(await json(`/api/v1/jobs/${id}`));
  } catch {
    setTimeout(refresh, 2_000);
  }
}

function gone() {
  say("This picture was deleted.");
  location.assign("/mine");
  return false;
}

if (id) {
  const job = document.getElementById("job");
  known = job.dataset.shape;
  said = job.dataset.said;
  if (job.dataset.live === "true") {
    follow({ stream: `/api/v1/jobs/${id}/events`, ask: async () => [await json(`/api/v1/jobs/${id}`)], show, gone });
  }
}
