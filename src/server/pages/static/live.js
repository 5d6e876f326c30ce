// Follows jobs while they change: by one stream of events, and by asking now and then wherever a stream does not get through.

/** Without news for so long, the page asks: a proxy may hold the stream back. */
const QUIET = 10_000;
/** Waits between two tries to open the stream. */
const SHORTEST_WAIT = 2_000;
const LONGEST_WAIT = 30_000;
/** The states in which nothing changes any more. */
export const ENDED = ["done", "dead", "cancelled"];

/**
 * Follows jobs until all have ended.
 *
 * `stream` is the address of the events, and `ask` returns the jobs as they are now. `show` gets each job as it is, and
 * returns whether more can change; `gone` gets the id of a job that was deleted.
 */
export function follow({ stream, ask, show, gone }) {
  let source = null;
  let timer = 0;
  let wait = SHORTEST_WAIT;
  let over = false;
  let asking = false;

  function end() {
    over = true;
    close();
    document.removeEventListener("visibilitychange", wake);
    window.removeEventListener("online", wake);
    window.removeEventListener("pageshow", back);
    window.removeEventListener("pagehide", close);
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function take(job) {
    if (!over && !show(job)) end();
  }

  function later(milliseconds) {
    clearTimeout(timer);
    if (!over) timer = setTimeout(look, milliseconds);
  }

  /** Asks how the jobs are, and opens the stream if it is closed. */
  async function look() {
    if (over || asking || document.hidden) return;
    asking = true;
    try {
      for (const job of await ask()) take(job);
      wait = SHORTEST_WAIT;
    } catch {
      // The server is away, or this machine is: the next look tells.
      wait = Math.min(2 * wait, LONGEST_WAIT);
    }
    asking = false;
    if (over) return;
    if (!source || source.readyState === EventSource.CLOSED) open();
    later(Math.max(wait, QUIET));
  }

  function open() {
    close();
    source = new EventSource(stream);
    source.addEventListener("job", (event) => {
      wait = SHORTEST_WAIT;
      later(QUIET);
      take(JSON.parse(event.data));
    });
    source.addEventListener("gone", (event) => {
      if (!over && !gone(JSON.parse(event.data).id)) end();
    });
    source.addEventListener("error", () => {
      // A browser connects again by itself unless the answer was no stream, as from a proxy without its server.
      later(source?.readyState === EventSource.CLOSED ? wait : QUIET);
    });
    later(QUIET);
  }

  /** After a sleep, in front again or back in the network: what was missed is asked for at once. */
  function wake() {
    if (!document.hidden) look();
  }

  /** A page that was put aside is shown again as it was then. */
  function back(event) {
    if (event.persisted) wake();
  }

  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  window.addEventListener("pageshow", back);
  // A page that a browser puts aside must not hold a connection.
  window.addEventListener("pagehide", close);
  open();
}

/** The answer of the server as JSON. Whoever is logged out meanwhile is led to the login by loading the page again. */
export async function json(address) {
  const answer = await fetch(address, { headers: { accept: "application/json" }, cache: "no-store" });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/** A page as a document; none if there is no such page any longer. A redirect leads to the login, as above. */
export async function page(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" }, cache: "no-store" });
  if (answer.status === 404) return null;
  if (answer.redirected) location.reload();
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** Puts another picture into an image without a moment in which there is none. */
export async function swap(image, address) {
  if (image.getAttribute("src") === address || image.dataset.next === address) return;
  image.dataset.next = address;
  const next = image.cloneNode();
  next.removeAttribute("data-next");
  next.src = address;
  try {
    await next.decode();
  } catch {
    delete image.dataset.next;
    return;
  }
  // A later one may have come first.
  if (image.isConnected && image.dataset.next === address) image.replaceWith(next);
}

/** Waits until the pictures of an element can be shown, but not long. */
export async function decoded(element) {
  const all = [...element.querySelectorAll("img:not([loading=lazy])")].map((image) => {
    const copy = new Image();
    copy.src = image.src;
    return copy.decode().catch(() => {});
  });
  await Promise.race([Promise.all(all), new Promise((done) => setTimeout(done, 3_000))]);
}

/** An estimated time in words: `40 s`, `2 min`. */
export function time(seconds) {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 10) return `${whole} s`;
  if (whole < 90) return `${Math.ceil(whole / 5) * 5} s`;
  return whole < 5400 ? `${Math.ceil(whole / 60)} min` : `${Math.ceil(whole / 3600)} h`;
}

/** The place of a waiting job in words: `3rd of 7`. */
export function place(job) {
  return `${ordinal(job.position)} of ${Math.max(job.waiting, job.position)}`;
}

function ordinal(number) {
  const teens = number % 100 > 10 && number % 100 < 14;
  return number + ((!teens && ["", "st", "nd", "rd"][number % 10]) || "th");
}
