// The gallery: likes without a new page, and the next pictures when one scrolls to the end.

/** So many pages come by themselves; then a click asks for more, so that the end of the page can be reached. */
const BY_THEMSELVES = 4;

const said = document.getElementById("said");

/** Likes a picture, or takes the like back, where the form would show the page again. */
async function like(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const button = form.querySelector("button");
  if (button.disabled) return;
  const liked = button.getAttribute("aria-pressed") === "true";
  button.disabled = true;
  try {
    const answer = await fetch(form.dataset.like, { method: liked ? "DELETE" : "PUT" });
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const count = form.querySelector("[data-likes]");
    count.textContent = Math.max(0, Number(count.textContent) + (liked ? -1 : 1));
    button.setAttribute("aria-pressed", String(!liked));
    button.classList.toggle("liked", !liked);
    form.action = form.action.replace(/\/(un)?like$/, liked ? "/like" : "/unlike");
    said.textContent = "";
  } catch (error) {
    said.textContent = `That did not work: ${error.message}.`;
  } finally {
    button.disabled = false;
    button.focus({ preventScroll: true });
  }
}

/** Appends the next page of the list. Returns how many pictures came. */
async function append(link) {
  const answer = await fetch(link.href, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const known = new Set([...document.querySelectorAll("#pictures a.picture")].map((card) => card.getAttribute("href")));
  const cards = [...page.querySelectorAll("#pictures > li")];
  // The order may have changed meanwhile, and shown a picture again.
  const fresh = cards.filter((card) => !known.has(card.querySelector("a.picture").getAttribute("href")));
  for (const card of fresh) {
    document.getElementById("pictures").append(document.importNode(card, true));
  }
  const next = page.getElementById("next");
  if (next) link.href = next.getAttribute("href");
  else link.remove();
  said.textContent = fresh.length === 1 ? "1 more picture" : `${fresh.length} more pictures`;
  return fresh;
}

function scroll(link) {
  let loading = false;
  let left = BY_THEMSELVES;
  const more = async (clicked) => {
    if (loading) return;
    loading = true;
    link.setAttribute("aria-busy", "true");
    try {
      const fresh = await append(link);
      if (clicked) fresh[0]?.querySelector("a")?.focus({ preventScroll: true });
    } catch {
      left = 0;
      if (clicked) window.location.assign(link.href);
    } finally {
      loading = false;
      link.removeAttribute("aria-busy");
    }
  };
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    left = BY_THEMSELVES;
    more(true);
  });
  const near = new IntersectionObserver((seen) => {
    if (left > 0 && link.isConnected && seen.some((entry) => entry.isIntersecting)) {
      left -= 1;
      more(false).then(() => {
        // If the link is still near, its observer says nothing more.
        near.unobserve(link);
        if (link.isConnected) near.observe(link);
      });
    }
  }, { rootMargin: "600px" });
  near.observe(link);
}

document.getElementById("like")?.addEventListener("submit", like);
const next = document.getElementById("next");
if (next && document.getElementById("pictures")) scroll(next);
