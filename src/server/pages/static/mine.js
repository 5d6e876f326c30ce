// The list of one's pictures: those that wait or are drawn change while one looks. One stream shows them all.

import { localTimes } from "./page.js";
import { ENDED, decoded, follow, json, page, place, swap, time } from "./live.js";

const renewing = new Set();
/** The states of jobs as they were heard of last: a card may be older. */
const latest = new Map();
const cards = () => [...document.querySelectorAll("[data-job][data-live=true]")];
const card = (id) => document.querySelector(`[data-job="${id}"]`);

/** Shows a job. Returns whether any other can still change. */
function show(job) {
  latest.set(job.id, job.state);
  const element = card(job.id);
  if (element && element.dataset.state !== job.state) {
    renew(job.id);
  } else if (element) {
    const text = words(job);
    if (text) element.querySelector("[data-progress]").textContent = text;
    const image = element.querySelector("img");
    if (job.preview && image) swap(image, job.preview);
    if (job.preview && !image) renew(job.id);
  }
  if (element && ENDED.includes(job.state)) element.dataset.live = "false";
  return cards().length > 0;
}

function words(job) {
  if (job.state === "queued" && job.position) {
    const begins = job.starts_in === undefined ? "" : `, about ${time(job.starts_in)}`;
    return `${place(job)}${begins}`;
  }
  if (job.state === "running" && job.iterations) {
    const left = job.ends_in === undefined ? "" : `, about ${time(job.ends_in)} left`;
    return `${Math.floor((100 * (job.iteration ?? 0)) / job.iterations)} %${left}`;
  }
  return "";
}

/** Asks the server for a card as it is now. The list from its number on begins with it, whatever this page shows. */
async function renew(id) {
  const before = card(id);
  if (!before || renewing.has(id)) return;
  renewing.add(id);
  try {
    const list = await page(`/mine?before=${Number(before.dataset.number) + 1}&limit=1`);
    const now = list?.querySelector(`[data-job="${id}"]`);
    if (!now) {
      gone(id);
      return;
    }
    await decoded(now);
    const focused = before.contains(document.activeElement);
    const adopted = document.importNode(now, true);
    localTimes(adopted);
    before.replaceWith(adopted);
    if (focused) adopted.querySelector("a").focus({ preventScroll: true });
    document.getElementById("said").textContent = `${adopted.dataset.said}: ${adopted.querySelector(".quote").textContent.trim()}`;
    // It may have ended meanwhile, and nothing more is heard of it then.
    if (ENDED.includes(latest.get(id)) && adopted.dataset.live === "true") refresh(id);
  } catch {
    setTimeout(() => renew(id), 2_000);
  } finally {
    renewing.delete(id);
  }
}

async function refresh(id) {
  try {
    show(await json(`/api/v1/jobs/${id}`));
  } catch {
    setTimeout(() => renew(id), 2_000);
  }
}

function gone(id) {
  card(id)?.remove();
  return cards().length > 0;
}

/** The jobs that this page shows as they are now. */
async function ask() {
  const { items } = await json("/api/v1/jobs?owner=me&limit=100");
  return items.filter((job) => card(job.id)?.dataset.live === "true");
}

const ids = cards().map((element) => element.dataset.job);
if (ids.length > 0) {
  follow({ stream: `/api/v1/events?jobs=${ids.join()}`, ask, show, gone });
}
